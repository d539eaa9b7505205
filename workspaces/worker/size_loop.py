"""The sizes of the volumes: the engine counts them, for as long as it takes."""

from __future__ import annotations

import logging

from workspaces.engines.base import Engine
from workspaces.errors import EngineError
from workspaces.services.containers.desired_state import note_sizes
from workspaces.worker.loop import Loop

logger = logging.getLogger(__name__)

EVERY = 600.0  # seconds


def size_loop(engine: Engine) -> Loop:
    def measure() -> None:
        try:
            sizes = engine.sizes()
        except EngineError as error:  # no outage: one node of a swarm may not answer, and all else goes on
            logger.warning("The volumes were not measured: %s", error)
        else:
            note_sizes(sizes)

    return Loop(name="sizes", every=EVERY, run_once=measure)
