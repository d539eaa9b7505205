"""Stop the containers of strays whose quarantine is over: all of them together have the grace to end by themselves."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from workspaces.core.containers.sweep_plan import Unknown
from workspaces.engines.base import Engine
from workspaces.services.containers.container_results import WORKER
from workspaces.services.sweep.stray_stops import stop_strays
from workspaces.services.sweep.strays import note_stopped
from workspaces.worker.loop import Loop

logger = logging.getLogger(__name__)

EVERY = 60.0  # seconds; the sweep wakes it


class StrayLoop:
    """Stops the strays that the sweep hands over. Results are kept until written, even if the database is away."""

    def __init__(self, engine: Engine, *, grace: timedelta) -> None:
        self._engine, self._grace = engine, grace
        self._strays: Sequence[Unknown] = ()
        self._errors: Mapping[UUID, str] | None = None  # why each was not stopped, "" if it was
        self.loop = Loop(name="strays", every=EVERY, run_once=self.run_once, finish=self.finish)

    @property
    def busy(self) -> bool:
        return bool(self._strays)

    def stop(self, strays: Sequence[Unknown]) -> None:
        """Hand them over, unless it is busy."""
        self._strays = strays
        if strays:
            self.loop.wake.set()

    def run_once(self) -> None:
        if self._strays and self._errors is None:
            self._errors = self._stop()
        self._write_down()

    def finish(self) -> bool:
        """Write the results. The next sweep finds again the strays that were not begun."""
        self._write_down()
        return True

    def _stop(self) -> Mapping[UUID, str] | None:
        try:
            return stop_strays(self._strays, engine=self._engine, grace=self._grace)
        except Exception as error:
            logger.warning("What belongs to no workspace was not stopped: %s", error)
            self._strays = ()  # the next sweep finds them again
            return None

    def _write_down(self) -> None:
        if self._errors is None:
            return
        note_stopped([stray for stray in self._strays if not self._errors[stray.id]], actor=WORKER)
        for key, why in self._errors.items():
            if why:
                logger.warning("The stray ws-%s was not stopped: %s", key, why)
        self._errors, self._strays = None, ()
