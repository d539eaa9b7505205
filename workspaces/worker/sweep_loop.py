"""Look at the engine every minute: whether it answers, and how its contents differ from what should be there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Event

from workspaces.engines.base import Engine
from workspaces.errors import EngineError
from workspaces.services.containers.epochs import note_epochs
from workspaces.services.containers.installation import claim_sweep, note_engine
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.worker.loop import Loop
from workspaces.worker.stray_loop import StrayLoop

logger = logging.getLogger(__name__)

EVERY = 60.0  # seconds
ONE_OF_ALL = timedelta(seconds=EVERY - 5)  # one of all workers sweeps in that time


class SweepLoop:
    """`looked` is set after a look at the engine; clear it to have another look."""

    def __init__(
        self,
        engine: Engine,
        *,
        worker: str,
        strays: StrayLoop,
        looked: Event,
        on_error: Callable[[Exception], None],
    ) -> None:
        self._engine, self._worker = engine, worker
        self._strays, self._looked = strays, looked
        self.loop = Loop(name="sweep", every=EVERY, run_once=self.run_once, on_error=on_error)

    def look_at_once(self) -> None:
        self.loop.wake.set()

    def run_once(self) -> None:
        note_engine(self._worker, engine=self._engine.check())
        first = not self._looked.is_set()  # a worker looks at its start, even if another one just has
        if not self._strays.busy and (claim_sweep(ONE_OF_ALL) or first):
            self._sweep()
        self._looked.set()

    def _sweep(self) -> None:
        """Sweep. If only a part of the engine answers (one node of a swarm), the sweep waits and all else goes on."""
        try:
            sweep = survey(self._engine)
        except EngineError as error:
            logger.warning("The sweep has to wait: %s", error)
            note_epochs({each.epoch for each in self._engine.containers().values() if each.epoch})
        else:
            self._strays.stop(mend(sweep))
