"""Purges: data of removed workspaces whose time is over is handed to the loop of the containers."""

from __future__ import annotations

from threading import Event

from workspaces.services.containers.purging import purge_due
from workspaces.worker.loop import Loop

EVERY = 5.0  # seconds
SHORTEST = 0.5  # seconds until the next look, however soon something is over


def purge_loop(*, looked: Event) -> Loop:
    """Begins nothing before the sweep has looked at the engine: it may find that the database is another one."""

    def purge() -> float:
        return max(purge_due(), SHORTEST) if looked.is_set() else EVERY

    return Loop(name="purges", every=EVERY, run_once=purge)
