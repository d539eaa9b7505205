"""Every started import ends exactly once, also when its process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone

from audit.models import StructureEvent
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.errors import (
    AppliedAlready,
    CascadeChanged,
    Interrupted,
    NotFound,
    OrgError,
    PlanChanged,
    RemovalNotConfirmed,
    WorkspaceProtected,
)
from workspaces.models import ImportRun, Organization
from workspaces.services.imports.importing import apply_import
from workspaces.services.plans import runs
from workspaces.services.plans.abandoned_runs import close_interrupted
from workspaces.services.plans.runs import (
    at_work,
    claim_run,
    dismiss_run,
    fail_run,
    open_run,
    this_process,
)


@pytest.fixture
def opened(organization: Organization, actor: Actor) -> ImportRun:
    return open_run(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor, reason="")


def killed_process() -> str:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    host, _, _ = this_process().rsplit("/", 2)
    stat = Path(f"/proc/{child.pid}/stat").read_text()
    owner = f"{host}/{child.pid}/{stat.rpartition(')')[2].split()[19]}"
    child.send_signal(signal.SIGKILL)
    child.wait()
    return owner


def ends(run: ImportRun) -> list[str]:
    events = StructureEvent.objects.filter(import_id=run.pk).exclude(event_type="org.import.started")
    return [event.payload["error"] for event in events]


def test_a_run_that_somebody_works_on_is_left_alone(opened: ImportRun) -> None:
    with at_work(opened):
        assert close_interrupted() == 0


def test_no_run_is_taken_for_given_up_between_its_opening_and_its_work(
    organization: Organization, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []

    def opened_and_seen(*args: Any, **kwargs: Any) -> ImportRun:
        run = open_run(*args, **kwargs)
        closed.append(close_interrupted())  # as housekeeping does, in a thread of its own
        return run

    monkeypatch.setattr(runs, "open_run", opened_and_seen)
    assert apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor).run.state == "completed"
    assert closed == [0]
    assert runs._at_work == set()


def test_a_run_whose_end_could_not_be_written_is_closed_by_the_same_process(opened: ImportRun) -> None:
    assert close_interrupted() == 1
    assert ends(opened) == ["interrupted"]


def test_whatever_is_raised_at_work_closes_the_run_as_failed(opened: ImportRun) -> None:
    with pytest.raises(KeyboardInterrupt), at_work(opened):
        raise KeyboardInterrupt
    assert ends(opened) == ["KeyboardInterrupt"]


def test_a_database_that_is_away_is_told_as_a_sentence(opened: ImportRun) -> None:
    with pytest.raises(OperationalError), at_work(opened):
        raise OperationalError("canceling statement due to lock timeout CONTEXT: while locking tuple (1,40)")
    assert ends(opened) == ["the database was away or busy"]


def test_a_run_of_a_killed_process_is_closed_as_interrupted_once(opened: ImportRun) -> None:
    ImportRun.objects.update(owner=killed_process())
    assert [close_interrupted(), close_interrupted()] == [1, 0]
    assert ends(opened) == ["interrupted"]
    assert ImportRun.objects.get().state == "failed"


def test_a_reused_process_id_is_not_the_same_owner(opened: ImportRun) -> None:
    host, _, _ = this_process().rsplit("/", 2)
    ImportRun.objects.update(owner=f"{host}/{os.getpid()}/1")
    assert close_interrupted() == 1


def test_a_run_of_another_machine_is_closed_when_it_has_been_silent_long_enough(opened: ImportRun) -> None:
    ImportRun.objects.update(owner="another-host/1/1")
    assert close_interrupted() == 0
    ImportRun.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    assert close_interrupted() == 1


def test_a_run_that_was_closed_meanwhile_may_not_begin(opened: ImportRun) -> None:
    fail_run(opened, "interrupted")
    with pytest.raises(Interrupted):
        claim_run(opened)


def test_a_run_ends_only_once(opened: ImportRun) -> None:
    assert [fail_run(opened, "first"), fail_run(opened, "second")] == [True, False]
    assert ends(opened) == ["first"]


# ---- refused is not failed


def some_plan() -> Plan:
    return plan_import(have=(), want=loaded({"PM": {}}).template, mode=Mode.MERGE)


REFUSED: dict[str, OrgError] = {
    "a stale plan": PlanChanged(some_plan()),
    "a plan applied before": AppliedAlready(some_plan(), applied_by=uuid4()),
    "the removal guard": RemovalNotConfirmed("This would remove 8 workspaces.", plan=some_plan()),
    "a protected workspace": WorkspaceProtected("Protected, so nothing was removed: PM.", ids=()),
    "other rows than expected": CascadeChanged("The tree changed: 3 would go now, 2 were shown."),
}
FAILED: dict[str, BaseException] = {
    "files that are gone": NotFound("The files of this preview are gone."),
    "an interruption": Interrupted("closed as interrupted"),
    "a database that is away": OperationalError("gone"),
    "a bug": ValueError("oops"),
    "Ctrl-C": KeyboardInterrupt(),
}


@pytest.mark.parametrize(
    ("name", "state"), [*((each, "refused") for each in REFUSED), *((each, "failed") for each in FAILED)]
)
def test_a_safety_that_worked_refuses_and_everything_else_fails(opened: ImportRun, name: str, state: str) -> None:
    error = {**REFUSED, **FAILED}[name]
    with pytest.raises(type(error)), at_work(opened):
        raise error
    run, ended = ImportRun.objects.get(), StructureEvent.objects.get(event_type="org.import.failed")
    assert (run.state, ended.payload["refused"]) == (state, state == "refused")


def test_an_interrupted_run_failed(opened: ImportRun) -> None:
    close_interrupted()
    assert StructureEvent.objects.get(event_type="org.import.failed").payload["refused"] is False


def test_a_failure_is_dismissed_once_and_says_by_whom(opened: ImportRun) -> None:
    fail_run(opened, "the disk is full")
    assert [dismiss_run(opened, actor=Actor(name=name)) for name in ("bob", "carol")] == [True, False]
    run, event = ImportRun.objects.get(), StructureEvent.objects.get(event_type="org.run.dismissed")
    assert (run.dismissed_by, run.state) == ("bob", "failed")
    assert (event.actor, event.import_id, event.payload["error"]) == ("bob", run.pk, "the disk is full")
    assert run.dismissed_at


@pytest.mark.parametrize("state", ["running", "refused", "completed"])
def test_only_failures_are_dismissed(opened: ImportRun, state: str) -> None:
    finished = None if state == "running" else timezone.now()
    ImportRun.objects.update(state=state, finished_at=finished)
    assert not dismiss_run(opened, actor=Actor(name="bob"))
    assert not StructureEvent.objects.filter(event_type="org.run.dismissed").exists()
