"""Loops over all that an engine holds: the sweep, the stops of strays that it finds, the sizes of volumes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from threading import Event
from uuid import UUID

from workspaces.core.containers.lifecycle import ContainerState
from workspaces.core.containers.sweep_plan import Unknown
from workspaces.engines.base import Engine
from workspaces.errors import EngineError
from workspaces.services.containers.container_results import WORKER
from workspaces.services.containers.desired_state import note_nodes, note_sizes
from workspaces.services.containers.installation import claim_sweep, note_engine, note_epochs
from workspaces.services.sweep.strays import note_stopped, stop_strays
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.worker.loop import Loop

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
        nodes = self._engine.nodes()
        note_engine(self._worker, engine=self._engine.check(), nodes=nodes)
        if nodes:
            self._note_nodes()
        first = not self._looked.is_set()  # a worker looks at its start, even if another one just has
        if not self._strays.busy and (claim_sweep(ONE_OF_ALL) or first):
            self._sweep()
        self._looked.set()

    def _note_nodes(self) -> None:
        """Note where each container runs: the engine may have moved it by itself."""
        running = {
            key: found.node
            for key, found in self._engine.containers().items()
            if found.state is ContainerState.RUNNING and found.node
        }
        note_nodes(running)

    def _sweep(self) -> None:
        """Sweep. If only a part of the engine answers (one node of a swarm), the sweep waits and all else goes on."""
        try:
            sweep = survey(self._engine)
        except EngineError as error:
            logger.warning("The sweep has to wait: %s", error)
            note_epochs({each.epoch for each in self._engine.containers().values() if each.epoch})
        else:
            self._strays.stop(mend(sweep))


# ---- Stop the containers of strays whose quarantine is over: all of them together have the grace to end by themselves.


STRAYS_EVERY = 60.0  # seconds; the sweep wakes it


class StrayLoop:
    """Stops the strays that the sweep hands over. Results are kept until written, even if the database is away."""

    def __init__(self, engine: Engine, *, grace: timedelta) -> None:
        self._engine, self._grace = engine, grace
        self._strays: Sequence[Unknown] = ()
        self._errors: Mapping[UUID, str] | None = None  # why each was not stopped, "" if it was
        self.loop = Loop(name="strays", every=STRAYS_EVERY, run_once=self.run_once, finish=self.finish)

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


# ---- The sizes of the volumes: the engine counts them, for as long as it takes.


SIZES_EVERY = 600.0  # seconds


def size_loop(engine: Engine) -> Loop:
    def measure() -> None:
        try:
            sizes = engine.sizes()
        except EngineError as error:  # no outage: one node of a swarm may not answer, and all else goes on
            logger.warning("The volumes were not measured: %s", error)
        else:
            note_sizes(sizes)

    return Loop(name="sizes", every=SIZES_EVERY, run_once=measure)
