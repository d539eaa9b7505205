"""The loops that ask one engine, with what they share: the leases of one worker, and whether the engine answers."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from uuid import uuid4

from workspaces.engines.base import Engine
from workspaces.errors import EngineError
from workspaces.services.containers.container_results import record_away
from workspaces.services.containers.installation import note_engine_away
from workspaces.services.plans.runs import this_process
from workspaces.worker.container_loop import ContainerLoop
from workspaces.worker.lease_loop import Leases
from workspaces.worker.loop import Loop
from workspaces.worker.purge_loop import purge_loop
from workspaces.worker.sweep_loop import StrayLoop, SweepLoop, size_loop


class Controller:
    """Converges the containers of one installation on one engine. Any number of them may run.

    Nothing is begun before the sweep has looked at the engine: only the sweep detects a restore from a backup, and a
    removal must not come before. The same after an outage, so that its end is noticed at once.
    """

    def __init__(self, engine: Engine, *, grace: timedelta, concurrency: int) -> None:
        self._worker = f"{this_process()}/{uuid4().hex[:8]}"
        self._looked = Event()
        self.leases = Leases(self._worker)
        self.strays = StrayLoop(engine, grace=grace)
        self._sweep = SweepLoop(
            engine, worker=self._worker, strays=self.strays, looked=self._looked, on_error=self._failed
        )
        self.containers = ContainerLoop(
            engine,
            leases=self.leases,
            grace=grace,
            concurrency=concurrency,
            looked=self._looked,
            on_error=self._failed,
        )
        self.loops: tuple[Loop, ...] = (
            self._sweep.loop,
            self.strays.loop,
            self.containers.loop,
            self.leases.loop,
            purge_loop(looked=self._looked),
            size_loop(engine),
        )

    def _failed(self, error: Exception) -> None:
        if isinstance(error, EngineError):
            self.note_away(str(error))

    def note_away(self, error: str) -> None:
        """The engine does not answer: begin nothing before the next look at it, and note it for the pages."""
        self._looked.clear()
        self._sweep.look_at_once()
        if note_engine_away(self._worker, error=error):
            record_away(error)
