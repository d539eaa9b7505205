"""Strays on the engine: stop their containers, or destroy them for a person.

Calls the engine only: a worker does this in a thread of its pool.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from workspaces.core.containers.lifecycle import ContainerState
from workspaces.core.containers.sweep_plan import Unknown
from workspaces.engines.base import Engine
from workspaces.errors import EngineError
from workspaces.services.sweep.strays import described

logger = logging.getLogger(__name__)

LOOK_AGAIN = 0.25  # seconds


def stop_strays(strays: Sequence[Unknown], *, engine: Engine, grace: timedelta) -> dict[UUID, str]:
    """Ask all of them to stop, wait for the grace, kill the rest. Their containers stay, and so do all volumes. Id →
    why one could not be stopped, "" for stopped."""
    for stray in strays:
        logger.warning("Stopping the container, as its quarantine is over; all volumes stay: %s", described(stray))
    errors = {stray.id: _error_of(engine.request_stop, stray.id) for stray in strays}
    running = _wait_for(errors, engine=engine, grace=grace)
    return errors | {key: error for key in running if (error := _error_of(engine.kill, key))}


def destroy_strays(strays: Sequence[Unknown], *, engine: Engine, grace: timedelta) -> dict[UUID, str]:
    """Stop them, then remove containers and volumes, on a person's order. Id → why a part stays, "" for gone."""
    for stray in strays:
        logger.warning("Destroying, as somebody asked for: %s", described(stray))
    errors = {stray.id: _error_of(engine.request_stop, stray.id) for stray in strays}
    _wait_for(errors, engine=engine, grace=grace)
    remove = partial(engine.remove, keep_volumes=False)
    return {key: error or _error_of(remove, key) for key, error in errors.items()}


def _wait_for(ids: Collection[UUID], *, engine: Engine, grace: timedelta) -> frozenset[UUID]:
    """Wait; return those that still run after the grace."""
    deadline = time.monotonic() + grace.total_seconds()
    while running := _running(ids, engine):
        if time.monotonic() >= deadline:
            return running
        time.sleep(LOOK_AGAIN)
    return frozenset()


def _running(ids: Collection[UUID], engine: Engine) -> frozenset[UUID]:
    return frozenset(
        key for key, each in engine.containers().items() if key in ids and each.state is not ContainerState.STOPPED
    )


def _error_of(act: Callable[[UUID], None], key: UUID) -> str:
    try:
        act(key)
    except EngineError as error:
        return str(error)
    return ""
