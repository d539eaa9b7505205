"""Housekeeping: needs no engine, and the site does it too."""

from __future__ import annotations

from workspaces.services.upkeep.housekeeping import keep_house
from workspaces.worker.loop import Loop

EVERY = 20.0  # seconds; a run of a killed process is closed within 60 s of the next start


def housekeeping_loop() -> Loop:
    return Loop(name="housekeeping", every=EVERY, run_once=keep_house)
