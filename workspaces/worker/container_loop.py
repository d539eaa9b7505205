"""Containers: claim due ones, let the engine do the work, write down the results.

The loop's thread talks to the database, those of the pools to the engine only. Starts and removals have a pool each, so
that a slow pull of an image holds up no removal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from uuid import UUID

from django.db import DataError, IntegrityError

from lib.database_clock import database_now, uptime
from workspaces.core.containers.convergence import next_step
from workspaces.core.containers.lifecycle import OUTCOMES, ContainerState, Desired, Outcome, Step
from workspaces.engines.base import DeliveringEngine, Delivery, Engine, FoundContainer, Wanted
from workspaces.errors import EngineError
from workspaces.services.containers.container_results import ContainerResult, record
from workspaces.services.containers.installation import HELD_BACK, is_restored, note_epochs
from workspaces.services.containers.leases import Claim, next_due
from workspaces.services.containers.provisioning import prepare, prepare_deliveries
from workspaces.worker.lease_loop import Leases
from workspaces.worker.loop import DRAIN, Loop

logger = logging.getLogger(__name__)

BATCH = 64  # containers of each pool at work at a time; their configuration is in memory
TOGETHER, LONGEST = 16, 0.5  # of settled results, how many are awaited, and for how many seconds
POOLS = {Desired.RUNNING: "start", Desired.ABSENT: "end"}
THREADS = {Desired.RUNNING: 1, Desired.ABSENT: 2}  # for each concurrent start: a removal mostly waits
SHORTEST, EVERY = 0.01, 0.05  # seconds until the next run
BUSY_FOR = timedelta(seconds=1)  # until the next try with a busy organization


class ContainerLoop:
    """Begins nothing before `looked` is set."""

    def __init__(
        self,
        engine: Engine,
        *,
        leases: Leases,
        grace: timedelta,
        concurrency: int,
        looked: Event,
        on_error: Callable[[Exception], None],
    ) -> None:
        self._engine, self._grace, self._leases, self._looked = engine, grace, leases, looked
        self._delivers = isinstance(engine, DeliveringEngine)
        self._pools = {
            desired: ThreadPoolExecutor(max_workers=THREADS[desired] * concurrency, thread_name_prefix=name)
            for desired, name in POOLS.items()
        }
        self._at_work: dict[Future[ContainerResult], Claim] = {}
        self.loop = Loop(name="containers", every=EVERY, run_once=self.run_once, on_error=on_error, finish=self.finish)

    def run_once(self) -> float | None:
        """Write down finished work, begin due work. Return the seconds until the next container is due, None while some
        are at work."""
        if not self._more_come():
            self._write_down()
        due_in = self._due_in()
        if due_in <= 0 and self._looked.is_set():
            self._begin()
        if not self._all_ended():
            return None
        self.loop.wake.clear()  # what has ended meanwhile is written in the next run, with what is due by then
        return max(due_in, SHORTEST)

    def _due_in(self) -> float:
        due_at = next_due()
        return (due_at - database_now()).total_seconds() if due_at else EVERY

    def _all_ended(self) -> bool:
        return all(future.done() for future in list(self._at_work))

    def _wake_after_the_last(self, _: Future[ContainerResult]) -> None:
        """Have the last of many written at once."""
        if self._all_ended():
            self.loop.wake.set()

    # ---- begin

    def _begin(self) -> None:
        """Claim and begin. After any error, give back all leases that are not at work."""
        claims: list[Claim] = []
        try:
            for desired in POOLS:
                claims += self._claim(desired)
            for work in self._works(claims) if claims else ():
                future = self._carry_out(work)
                self._at_work[future] = work.claim
                if not future.done():
                    future.add_done_callback(self._wake_after_the_last)
        finally:
            begun = {claim.workspace_id for claim in self._at_work.values()}
            self._leases.give_back([claim.workspace_id for claim in claims if claim.workspace_id not in begun])
        if claims and not self._more_come():
            self._write_down()

    def _claim(self, desired: Desired) -> list[Claim]:
        room = BATCH - sum(claim.desired is desired for claim in self._at_work.values())
        return self._leases.claim(desired=desired, limit=room)

    def _works(self, claims: Sequence[Claim]) -> list[Work]:
        """The work for each claim. Claims of busy organizations are put off."""
        found = self._engine.containers()
        held = self._held_back(claims, found)
        steps = {
            (key := claim.workspace_id): self._step(claim, found.get(key), held_back=key in held) for claim in claims
        }
        ready = prepare([key for key, step in steps.items() if step is Step.START])
        deliveries = prepare_deliveries([key for key, step in steps.items() if step is Step.DELIVER])
        self._leases.put_off(ready.busy, by=BUSY_FOR)
        return [
            Work(
                claim=claim,
                step=steps[key],
                found=found.get(key),
                wanted=ready.wanted.get(key),
                delivery=deliveries.get(key),
                refused=held.get(key) or ready.errors.get(key, ""),
            )
            for claim in claims
            if (key := claim.workspace_id) not in ready.busy
        ]

    def _held_back(self, claims: Sequence[Claim], found: Mapping[UUID, FoundContainer]) -> dict[UUID, str]:
        """The removals decided by a restored or foreign database: id → why they have to wait. Their own containers are
        asked, too: the last sweep may have come before another database made one of them."""
        removals = [claim.workspace_id for claim in claims if claim.desired is Desired.ABSENT]
        epochs = {found[key].epoch for key in removals if key in found} - {""}
        restored = removals and (note_epochs(epochs) if epochs else is_restored())
        return dict.fromkeys(removals, HELD_BACK) if restored else {}

    def _carry_out(self, work: Work) -> Future[ContainerResult]:
        """Use a thread only to call the engine."""
        if work.asks:
            return self._pools[work.claim.desired].submit(work.carry_out, self._engine, self._leases.holds)
        ended: Future[ContainerResult] = Future()
        ended.set_result(work.carry_out(self._engine, self._leases.holds))
        return ended

    def _step(self, claim: Claim, found: FoundContainer | None, *, held_back: bool) -> Step:
        return next_step(
            desired=claim.desired,
            found=found.state if found else None,
            asked_at=claim.asked_at,
            grace=self._grace,
            now=database_now(),
            fits=found is None or found.fits(claim.generation),
            current=claim.current or not self._delivers,
            losses=claim.losses,
            held_back=held_back,
        )

    # ---- end

    def _more_come(self) -> bool:
        """Whether all finished work may wait, to be written with others'. Failures, and results with a next step, may
        not."""
        ended = [future.result() for future in self._at_work if future.done()]
        settled = all(result.settles for result in ended)
        return settled and len(ended) < min(len(self._at_work), TOGETHER) and not _is_old(ended)

    def _write_down(self) -> None:
        """Write the results. They are kept until then: none is lost while the database is away or an organization
        busy."""
        ended = {future: claim for future, claim in self._at_work.items() if future.done()}
        if ended:
            later = self._record([future.result() for future in ended])
            written = [future for future, claim in ended.items() if claim.workspace_id not in later]
            self._leases.forget([self._at_work.pop(future).workspace_id for future in written])

    def _record(self, results: Sequence[ContainerResult]) -> Set[UUID]:
        try:
            return record(results, worker=self._leases.worker, grace=self._grace)
        except (DataError, IntegrityError, ValueError):
            if len(results) == 1:
                logger.exception("What came of %s can't be written down.", results[0].workspace_id)
                return frozenset()  # its lease expires, and it is tried again
        return frozenset().union(*(self._record([result]) for result in results))

    def finish(self) -> bool:
        """Cancel work that no thread has begun, wait for the rest, write it down. False if the engine has not answered
        all of it: those leases expire."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        unbegun = [future for future in self._at_work if future.cancelled()]
        self._leases.give_back([self._at_work.pop(future).workspace_id for future in unbegun])
        hanging = wait(self._at_work, timeout=DRAIN).not_done
        self._write_down()
        return not hanging


def _is_old(results: Sequence[ContainerResult]) -> bool:
    """Whether one of them has waited long enough."""
    return any(uptime() - result.ended > LONGEST for result in results)


# ---- One step with one container: the call of the engine, and its result.


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A claim and its next step. `found`: the engine's container; `wanted`: the one to start; `delivery`: its files;
    `refused`: why it can't be started, or must not be removed."""

    claim: Claim
    step: Step
    found: FoundContainer | None = None
    wanted: Wanted | None = None
    delivery: Delivery | None = None
    refused: str = ""

    @property
    def asks(self) -> bool:
        """Whether it calls the engine, which may take long."""
        return self.step in (Step.ASK_TO_STOP, Step.REMOVE) or bool(self._brings)

    def carry_out(self, engine: Engine, holds: Callable[[UUID], bool]) -> ContainerResult:
        """Do the step. Never raises: an error is the result. Nothing is changed unless the lease `holds`: another
        worker may be at that container by now."""
        try:
            if self.asks and not holds(self.claim.workspace_id):
                return self._result(Outcome.UNTRIED)
            return self._result(self._ask(engine), self._complaint, delivered=self._brings)
        except EngineError as error:
            return self._failure(str(error))
        except Exception as error:
            logger.exception("%s of %s", self.step.value, self.claim.workspace_id)
            return self._failure(f"{type(error).__name__}: {error}")

    def _ask(self, engine: Engine) -> Outcome:
        key = self.claim.workspace_id
        match self.step:
            case Step.START if self.wanted:
                engine.start(self.wanted)
            case Step.START:  # it has no image, or was removed since it was claimed
                return Outcome.FAILED if self.refused else Outcome.UNTRIED
            case Step.DELIVER if self.delivery and isinstance(engine, DeliveringEngine):
                engine.deliver(self.delivery, found=self.found)
            case Step.DELIVER:  # it was removed since it was claimed
                return Outcome.UNTRIED
            case Step.ASK_TO_STOP:
                engine.request_stop(key, found=self.found)
            case Step.REMOVE:
                kept, node = self.claim.keep_volumes, self.claim.node
                engine.remove(key, keep_volumes=kept, found=self.found, node=node)
        return OUTCOMES[self.claim.desired][self.step]

    @property
    def _brings(self) -> int:
        """The number of the configuration that the step gives to the container, 0 for none."""
        brought = self.wanted if self.step is Step.START else self.delivery if self.step is Step.DELIVER else None
        return brought.configuration if brought else 0

    @property
    def _home(self) -> str:
        """The machine that it runs on, so that its volumes are there, of an engine with several."""
        return self.found.node if self.found and self.found.state is ContainerState.RUNNING else ""

    def _failure(self, error: str) -> ContainerResult:
        if self.step is Step.DELIVER:
            return self._result(Outcome.UNDELIVERED, f"It runs, but its new files were not delivered: {error}")
        return self._result(Outcome.FAILED, error)

    @property
    def _complaint(self) -> str:
        """The engine's words for why it does not run."""
        if self.step is Step.REPORT and not self.refused:
            return f"It does not stay up: {self.found.detail}" if self.found else "It is gone again after its start."
        return self.refused

    def _result(self, outcome: Outcome, error: str = "", *, delivered: int = 0) -> ContainerResult:
        return ContainerResult(
            workspace_id=self.claim.workspace_id,
            desired=self.claim.desired,
            outcome=outcome,
            ended=uptime(),
            generation=self.wanted.generation if self.wanted else self.claim.generation,
            configuration=self.claim.configuration,
            delivered=delivered,
            kept=self.claim.keep_volumes,
            node=self._home,
            error=error,
        )
