"""The worker's loop: claim what is due, let the engine do it, write down what came of it.

The loop's thread talks to the database, those of the pools to the engine alone; one more keeps the leases alive,
however long the engine or the database takes to answer. What starts and what ends have a pool each: an image that takes
long to come holds up no removal.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, connection

from lib.database_clock import database_now, uptime
from workspaces.core.containers.convergence import Step, next_step
from workspaces.core.containers.sweep_plan import Unknown
from workspaces.engines.base import Engine, FoundContainer
from workspaces.errors import EngineError
from workspaces.services.containers.container_results import WORKER, ContainerResult, record, record_away
from workspaces.services.containers.desired_state import note_sizes
from workspaces.services.containers.epochs import HELD_BACK, is_restored, note_epochs
from workspaces.services.containers.installation import claim_sweep, note_engine, note_engine_away
from workspaces.services.containers.leases import Claim, next_due
from workspaces.services.containers.provisioning import prepare
from workspaces.services.plans.process_identity import this_process
from workspaces.services.sweep.stray_stops import stop_strays
from workspaces.services.sweep.strays import note_stopped
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.worker.container_work import Work
from workspaces.worker.lease_keeper import Leases

logger = logging.getLogger(__name__)

BATCH = 64  # containers of each pool at work at a time; their configuration is in memory
TOGETHER, LONGEST = 16, 0.5  # of what is settled, how many are awaited, and for how many seconds
POOLS = {True: "start", False: "end"}  # by what is wanted
THREADS = {True: 1, False: 2}  # for each that may start at once: who removes waits more than it works
SHORTEST, BUSY, IDLE = 0.01, 0.05, 0.05  # seconds until the next round
SWEEP_EVERY, MEASURE_EVERY = 60.0, 600.0  # seconds
DRAIN = 20.0  # seconds that the engine gets to finish what was begun when the worker is asked to end
BUSY_FOR = timedelta(seconds=1)  # until an organization that is busy is asked again
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0  # seconds until an engine that does not answer is asked again


class Controller:
    """Converges the containers of one installation on one engine. Any number of them may run."""

    def __init__(self, engine: Engine, *, grace: timedelta, concurrency: int) -> None:
        self._engine, self._grace = engine, grace
        self._worker = f"{this_process()}/{uuid4().hex[:8]}"
        self._leases = Leases(self._worker)
        self._pools = {
            wanted: ThreadPoolExecutor(max_workers=THREADS[wanted] * concurrency, thread_name_prefix=name)
            for wanted, name in POOLS.items()
        }
        self._at_work: dict[Future[ContainerResult], Claim] = {}
        self._strays: Future[dict[UUID, str]] | None = None
        self._stopping: Sequence[Unknown] = ()
        self._sizes: Future[Mapping[UUID, int]] | None = None
        self._swept = self._measured = float("-inf")
        self._pause = 0.0  # seconds, after something went wrong
        self._due_in = 0.0  # seconds, as of the last round

    def run_until(self, stopped: Event) -> bool:
        """Until `stopped` is set; then finish what was begun and give back the rest. False where the engine still has
        not answered to something: what was leased for it expires."""
        ended = Event()
        Thread(target=self._leases.renew_until, args=(ended,), name="leases", daemon=True).start()
        try:
            while not stopped.is_set():
                self._attempt_round()
                self._rest(stopped)
            return self._drain()
        finally:
            ended.set()

    def _rest(self, stopped: Event) -> None:
        """Until the next container is due, or all that is at work has ended: so the last of many is written at once.
        Asks no database, which may be what went wrong."""
        unended = [future for future in self._at_work if not future.done()]
        if unended and not self._pause:
            wait(unended, timeout=BUSY)
        else:
            stopped.wait(self._pause or min(max(self._due_in, SHORTEST), IDLE))

    def _attempt_round(self) -> None:
        """Nothing that goes wrong in it ends the worker; what was claimed meanwhile is given back or expires."""
        try:
            self.round()
            self._pause = 0.0
        except EngineError as error:
            logger.warning("%s", error)
            self._swept = float("-inf")  # so that its return is noticed as soon as it is asked again
            self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            self.note_away(str(error))
        except Exception:
            logger.exception("The worker goes on in %s s.", LONGEST_PAUSE)
            connection.close()
            self._pause = LONGEST_PAUSE

    @property
    def busy(self) -> bool:
        """Whether anything is at work that has not been written down."""
        return bool(self._at_work or self._strays)  # the volumes are measured whenever the engine comes to it

    def round(self) -> None:
        """Write down what has ended, look around now and then, begin what is due."""
        if not self._more_come():
            self._write_down()
        self._sweep()
        self._measure()
        due_at = next_due()
        self._due_in = (due_at - database_now()).total_seconds() if due_at else IDLE
        if self._due_in <= 0:
            self._begin()

    # ---- begin

    def _begin(self) -> None:
        """Whatever goes wrong, nothing that was claimed stays leased without being at work."""
        claims: list[Claim] = []
        try:
            for wanted in POOLS:
                claims += self._claim(wanted)
            for work in self._works(claims) if claims else ():
                self._at_work[self._carry_out(work)] = work.claim
        finally:
            begun = {claim.workspace_id for claim in self._at_work.values()}
            self._leases.give_back([claim.workspace_id for claim in claims if claim.workspace_id not in begun])
        if claims and not self._more_come():
            self._write_down()

    def _claim(self, wanted: bool) -> list[Claim]:
        room = BATCH - sum(claim.wanted is wanted for claim in self._at_work.values())
        return self._leases.claim(wanted=wanted, limit=room)

    def _works(self, claims: Sequence[Claim]) -> list[Work]:
        """What to do for each of them, but for those of organizations that are busy: these are put off."""
        found = self._engine.containers()
        held = self._held_back(claims)
        steps = {claim.workspace_id: self._step(claim, found.get(claim.workspace_id)) for claim in claims}
        steps |= dict.fromkeys(held, Step.REPORT)
        ready = prepare([key for key, step in steps.items() if step is Step.START])
        self._leases.put_off(ready.busy, by=BUSY_FOR)
        return [
            Work(
                claim=claim,
                step=steps[key],
                found=found.get(key),
                wanted=ready.wanted.get(key),
                refused=held.get(key) or ready.errors.get(key, ""),
            )
            for claim in claims
            if (key := claim.workspace_id) not in ready.busy
        ]

    def _held_back(self, claims: Sequence[Claim]) -> dict[UUID, str]:
        """The removals, where a restored or foreign database decided them: id → why they have to wait."""
        removals = [claim.workspace_id for claim in claims if not claim.wanted]
        return dict.fromkeys(removals, HELD_BACK) if removals and is_restored() else {}

    def _carry_out(self, work: Work) -> Future[ContainerResult]:
        """In a thread only where the engine is asked."""
        if work.asks:
            return self._pools[work.claim.wanted].submit(work.carry_out, self._engine, self._leases.holds)
        ended: Future[ContainerResult] = Future()
        ended.set_result(work.carry_out(self._engine, self._leases.holds))
        return ended

    def _step(self, claim: Claim, found: FoundContainer | None) -> Step:
        return next_step(
            wanted=claim.wanted,
            found=found.state if found else None,
            asked_at=claim.asked_at,
            grace=self._grace,
            now=database_now(),
            fits=found is None or found.fits(claim.generation),
            losses=claim.losses,
        )

    # ---- end

    def _more_come(self) -> bool:
        """Whether all that has ended may wait for others, to be written with them. What failed, or has a next step, may
        not."""
        ended = [future.result() for future in self._at_work if future.done()]
        settled = all(result.settles for result in ended)
        return settled and len(ended) < min(len(self._at_work), TOGETHER) and not _is_old(ended)

    def _write_down(self) -> None:
        """Results stay until they are written: a database that is away for a moment, or an organization that is busy,
        loses none."""
        ended = {future: claim for future, claim in self._at_work.items() if future.done()}
        if ended:
            later = self._record([future.result() for future in ended])
            written = [future for future, claim in ended.items() if claim.workspace_id not in later]
            self._leases.forget([self._at_work.pop(future).workspace_id for future in written])
        self._tell_strays()

    def _record(self, results: Sequence[ContainerResult]) -> Set[UUID]:
        try:
            return record(results, worker=self._worker, grace=self._grace)
        except (DataError, IntegrityError, ValueError):
            if len(results) == 1:
                logger.exception("What came of %s can't be written down.", results[0].workspace_id)
                return frozenset()  # its lease expires, and it is tried again
        return frozenset().union(*(self._record([result]) for result in results))

    def _tell_strays(self) -> None:
        if not self._strays or not self._strays.done():
            return
        if error := self._strays.exception():
            logger.warning("What belongs to no workspace was not stopped: %s", error)
        else:
            errors = self._strays.result()
            note_stopped([stray for stray in self._stopping if not errors[stray.id]], actor=WORKER)
            for key, why in errors.items():
                if why:
                    logger.warning("The stray ws-%s was not stopped: %s", key, why)
        self._strays = None  # written down; where the database was away, the next round does that

    def _drain(self) -> bool:
        """Cancel what no thread has begun, wait for the rest, write it down."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        unbegun = [future for future in self._at_work if future.cancelled()]
        self._leases.give_back([self._at_work.pop(future).workspace_id for future in unbegun])
        begun: list[Future[Any]] = [*self._at_work]
        begun += [each for each in (self._strays, self._sizes) if each and not each.cancelled()]
        hanging = wait(begun, timeout=DRAIN).not_done
        if self._strays not in begun or self._strays in hanging:
            self._strays = None
        self._write_down()
        return not hanging

    # ---- now and then

    def _sweep(self) -> None:
        """Where only a part of the engine answers, a node of a swarm say, the sweep waits and all else goes on."""
        if time.monotonic() - self._swept < SWEEP_EVERY:
            return
        first = self._swept == float("-inf")  # a worker that begins looks, even where another one just has
        note_engine(self._worker, engine=self._engine.check())
        self._swept = time.monotonic()
        if self._strays or not (claim_sweep(timedelta(seconds=SWEEP_EVERY - 5)) or first):
            return
        try:
            sweep = survey(self._engine)
        except EngineError as error:
            logger.warning("The sweep has to wait: %s", error)
            note_epochs({each.epoch for each in self._engine.containers().values() if each.epoch})
            return
        if strays := mend(sweep):
            self._stopping = strays
            self._strays = self._pools[False].submit(stop_strays, strays, engine=self._engine, grace=self._grace)

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
            self._sizes = self._pools[True].submit(self._engine.sizes)

    def note_away(self, error: str) -> None:
        """Write it down for who looks at the pages."""
        try:
            if note_engine_away(self._worker, error=error):
                record_away(error)
        except (DatabaseError, InterfaceError):
            logger.exception("nor does the database")
            connection.close()


def _is_old(results: Sequence[ContainerResult]) -> bool:
    """Whether one of them has waited long enough."""
    return any(uptime() - result.ended > LONGEST for result in results)
