"""The worker's loop: claim what is due, let the engine do it, write down what came of it.

The loop's thread talks to the database, those of the pool to the engine alone; one more keeps the leases alive, however
long the engine takes to answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID, uuid4

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from workspaces.converging import Work
from workspaces.core.steps import Step, next_step
from workspaces.core.sweeping import Finding
from workspaces.engines.base import Engine, Found
from workspaces.errors import EngineError
from workspaces.services.containers import note_sizes
from workspaces.services.installation import note_engine
from workspaces.services.leases import Claim, claim_due, give_back, renew
from workspaces.services.outcomes import Result, record, record_away
from workspaces.services.provisioning import prepare
from workspaces.services.runs import this_process
from workspaces.services.sweeping import mend, survey, tell_released

logger = logging.getLogger(__name__)

BATCH = 64  # containers at work at a time; their configuration is in memory
BUSY, IDLE = 0.05, 0.5  # seconds until the next round
RENEW_EVERY, SWEEP_EVERY, MEASURE_EVERY = 5.0, 60.0, 600.0  # seconds
LONGEST_PAUSE = 10.0  # seconds until an engine that does not answer is asked again


class Controller:
    """Converges the containers of one installation on one engine. Any number of them may run."""

    def __init__(self, engine: Engine, *, grace: timedelta, concurrency: int) -> None:
        self._engine, self._grace = engine, grace
        self._worker = f"{this_process()}/{uuid4().hex[:8]}"
        self._pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="engine")
        self._at_work: dict[Future[Result], UUID] = {}
        self._strays: dict[Future[None], Finding] = {}
        self._sizes: Future[Mapping[UUID, int]] | None = None
        self._swept = self._measured = float("-inf")
        self._pause = IDLE

    def run_until(self, stopped: Event) -> None:
        """Until `stopped` is set; then finish what was begun and give back the rest."""
        ended = Event()
        Thread(target=self._renew_until, args=(ended,), name="leases", daemon=True).start()
        try:
            while not stopped.is_set():
                self._attempt_round()
                stopped.wait(self._pause)
            self._drain()
        finally:
            ended.set()

    def _attempt_round(self) -> None:
        """Nothing that goes wrong in it ends the worker; what was claimed meanwhile is given back or expires."""
        try:
            self.round()
            self._pause = BUSY if self.busy else IDLE
        except EngineError as error:
            logger.warning("%s", error)
            self._swept = float("-inf")  # so that its return is noticed as soon as it is asked again
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self.note_away(str(error))
        except Exception:
            logger.exception("The worker goes on in %s s.", LONGEST_PAUSE)
            connection.close()
            self._pause = LONGEST_PAUSE

    @property
    def busy(self) -> bool:
        """Whether anything is at work that has not been written down."""
        return bool(self._at_work or self._strays)

    def round(self) -> None:
        """Write down what has ended, look around now and then, begin what is due."""
        self._write_down()
        self._sweep()
        self._measure()
        room = BATCH - len(self._at_work)
        if claims := claim_due(self._worker, limit=room) if room else []:
            self._begin(claims)

    # ---- begin

    def _begin(self, claims: Sequence[Claim]) -> None:
        begun = False
        try:
            found = self._engine.containers()
            steps = {claim.workspace_id: self._step(claim, found.get(claim.workspace_id)) for claim in claims}
            ready = prepare([key for key, step in steps.items() if step is Step.START])
            begun = True
        finally:
            if not begun:
                give_back(self._worker, [claim.workspace_id for claim in claims])
        for claim in claims:
            key = claim.workspace_id
            work = Work(
                claim=claim,
                step=steps[key],
                found=found.get(key),
                wanted=ready.wanted.get(key),
                refused=ready.errors.get(key, ""),
            )
            self._at_work[self._pool.submit(work.carry_out, self._engine)] = key

    def _step(self, claim: Claim, found: Found | None) -> Step:
        return next_step(
            wanted=claim.wanted,
            found=found.state if found else None,
            asked_at=claim.asked_at,
            grace=self._grace,
            now=timezone.now(),
        )

    # ---- end

    def _write_down(self) -> None:
        """Results stay until they are written: a database that is away for a moment loses none."""
        ended = [future for future in self._at_work if future.done()]
        if ended:
            record([future.result() for future in ended], worker=self._worker)
            for future in ended:
                del self._at_work[future]
        self._write_down_strays()

    def _write_down_strays(self) -> None:
        ended = {future: self._strays.pop(future) for future in list(self._strays) if future.done()}
        for future, stray in ended.items():
            if error := future.exception():
                logger.warning("what the engine holds for %s stays for now: %s", stray.id, error)
        if gone := [stray for future, stray in ended.items() if not future.exception()]:
            tell_released(gone)

    def _drain(self) -> None:
        """Cancel what no thread has begun, wait for the rest, write it down."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        unbegun = [future for future in self._at_work if future.cancelled()]
        give_back(self._worker, [self._at_work.pop(future) for future in unbegun])
        wait(self._at_work)
        wait(self._strays)
        self._write_down()

    # ---- now and then

    def _sweep(self) -> None:
        """Where only a part of the engine answers, a node of a swarm say, the sweep waits and all else goes on."""
        if time.monotonic() - self._swept < SWEEP_EVERY:
            return
        note_engine(engine=self._engine.check())
        self._swept = time.monotonic()
        try:
            sweep = survey(self._engine)
        except EngineError as error:
            logger.warning("The sweep has to wait: %s", error)
            return
        mend(sweep)
        for stray in sweep.strays:
            self._strays[self._pool.submit(self._engine.remove, stray.id, keep_volumes=False)] = stray

    def _measure(self) -> None:
        """The engine counts in a thread of the pool, for as long as it takes."""
        if self._sizes and self._sizes.done():
            counted, self._sizes = self._sizes, None
            if error := counted.exception():
                logger.warning("The volumes were not measured: %s", error)
            else:
                note_sizes(counted.result())
        elif not self._sizes and time.monotonic() - self._measured > MEASURE_EVERY:
            self._measured = time.monotonic()
            self._sizes = self._pool.submit(self._engine.sizes)

    def _renew_until(self, ended: Event) -> None:
        while not ended.wait(RENEW_EVERY):
            try:
                renew(self._worker)
            except (DatabaseError, InterfaceError):
                logger.exception("leases were not renewed")
            finally:
                connection.close()

    def note_away(self, error: str) -> None:
        """Write it down for who looks at the pages."""
        try:
            note_engine(error=error)
            record_away(error)
        except (DatabaseError, InterfaceError):
            logger.exception("nor does the database")
            connection.close()
