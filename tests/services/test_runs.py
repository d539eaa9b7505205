"""Every started import ends exactly once, also when its process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.utils import timezone

from audit.models import StructureEvent
from tests.trees import loaded
from workspaces.core.plan import Mode
from workspaces.errors import Interrupted
from workspaces.models import ImportRun, Organization
from workspaces.services.actors import Actor
from workspaces.services.runs import at_work, claim_run, close_interrupted, fail_run, open_run, this_process


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
