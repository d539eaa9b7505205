"""What becomes of a container's row, its workspace and the events after each outcome: the table in docs/engines.md."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from audit.models import StructureEvent
from lib.database_clock import database_now, uptime
from tests.controller.conftest import Merge, key_of
from tests.tables import table_of
from workspaces.access import Actor
from workspaces.core.containers.convergence import FAILED_AFTER
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.containers.lifecycle import ERRORS, Desired, Observed, Outcome
from workspaces.models import Container, Workspace
from workspaces.services.containers import container_results
from workspaces.services.containers.container_results import ContainerResult, record
from workspaces.services.containers.leases import claim_due
from workspaces.services.removal.cascading import cascade_delete

NAMES = re.compile(r"workspace\.\w+")
LINES = {cells["outcome"]: cells for cells in table_of("docs/engines.md", first="outcome")}
KEPT = "gone, its data stays"
TO_GO = {"stopping", "gone, its data too", KEPT, "gone, its data later", "failed, to go", "held back"}


class Left(NamedTuple):
    """As the table has it."""

    observed: str
    look: str
    status: str
    events: list[str]


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The time at which all outcomes are written down."""
    moment = database_now() + timedelta(seconds=1)
    monkeypatch.setattr(container_results, "database_now", lambda: moment)
    return moment


def end(outcome: Outcome, *, desired: Desired, kept: bool = False) -> None:
    """A worker claims the container and writes down that outcome."""
    Container.objects.update(due_at=database_now() - timedelta(seconds=1))
    assert len(claim_due("worker", desired=desired, limit=1)) == 1
    result = ContainerResult(
        workspace_id=key_of("PM"),
        desired=desired,
        outcome=outcome,
        ended=uptime(),
        kept=kept,
        error="no space left on device" if outcome in ERRORS else "",
    )
    record([result], worker="worker", grace=timedelta(seconds=10))


def left(before: str, *, since: int, now: datetime) -> Left:
    row, status = Container.objects.get(), Workspace.objects.get().status
    events = StructureEvent.objects.filter(pk__gt=since).order_by("pk")
    wait = (row.due_at - now).total_seconds() if row.due_at else None
    return Left(
        observed="as it was" if row.observed == before else row.observed,
        look="none" if wait is None else "now" if not wait else "later" if row.last_error else "soon",
        status="–" if status in ("provisioning", "removed") else status,
        events=[event.event_type for event in events],
    )


def expected(line: dict[str, str], *, times: int) -> Left:
    """After so many times in a row. A start that fails is told after three, a removal at once."""
    told = times >= FAILED_AFTER
    status, event = (line[name] for name in ("workspace's status", "event"))
    return Left(
        observed=line["observed"],
        look=line["next look"],
        status=status.removesuffix(", after three") if told or "after" not in status else "–",
        events=NAMES.findall(event) if told or "after" not in event else [],
    )


def test_the_table_has_a_line_for_every_outcome() -> None:
    assert {name.split(", ")[0] for name in LINES} == {outcome.value for outcome in Outcome}


@pytest.mark.parametrize("times", [1, 3, 4])
@pytest.mark.parametrize("name", LINES)
def test_every_line_of_the_table_is_true(merge: Merge, actor: Actor, moment: datetime, name: str, times: int) -> None:
    line, outcome = LINES[name], Outcome(name.split(", ")[0])
    desired = Desired.ABSENT if name in TO_GO else Desired.RUNNING
    if times > 1 and outcome not in ERRORS:
        return  # it ends a series, and has none
    merge({"PM": {}})
    if desired is Desired.ABSENT:
        cascade_delete([key_of("PM")], actor=actor, data=DataPolicy.KEEP if name == KEPT else DataPolicy.WAIT)
    if name == "gone, its data later":
        Container.objects.update(released_at=moment)
    before = "" if line["observed"] != "as it was" else Observed.ABSENT
    since = StructureEvent.objects.latest("pk").pk
    for _ in range(times):
        end(outcome, desired=desired, kept=name == KEPT)
    assert left(before, since=since, now=moment) == expected(line, times=times)
