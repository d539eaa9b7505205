"""Several processes on one database: one after the other, and nothing half done when one is killed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from audit.models import StructureEvent
from tests.databases import Database, migrated_database
from tests.processes import finish, manage, python
from workspaces.models import ImportRun, Workspace
from workspaces.services.plans.abandoned_runs import close_interrupted

TEMPLATE = {"name": "Many", "workspaces": [{"name": f"W{i}", "children": [{"name": "Child"}]} for i in range(150)]}
# An import that stops for a minute after its creations, still inside its transaction.
STUCK = """
import django, sys, time; django.setup()
from pathlib import Path
from django.core.management import call_command
from workspaces.services.plans import execution
original = execution.insert_created
def create_and_wait(*args, **kwargs):
    original(*args, **kwargs)
    Path(sys.argv[1] + ".waiting").touch()
    time.sleep(60)
execution.insert_created = create_and_wait
call_command("import_org", sys.argv[1])
"""


@pytest.fixture
def database(tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    with migrated_database(tmp_path, unblock=django_db_blocker.unblock) as database:
        yield database


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "many.json"
    path.write_text(json.dumps(TEMPLATE))
    return path


def live() -> int:
    return Workspace.objects.live().count()


def runs() -> list[str]:
    return sorted(ImportRun.objects.values_list("state", flat=True))


def errors() -> list[str]:
    """Of all imports that ended."""
    ends = StructureEvent.objects.filter(event_type__in=["org.import.completed", "org.import.failed"])
    return sorted(ends.values_list("payload__error", flat=True))


def test_two_imports_at_once_run_one_after_the_other(database: Database, template: Path) -> None:
    start = partial(manage, template.parent, "import_org", str(template), database=database.address)
    both = [start() for _ in range(2)]
    summaries = sorted(finish(process).splitlines()[-2] for process in both)
    assert summaries == [
        "Plan: 0 to create, 300 to keep, 0 to remove.",
        "Plan: 300 to create, 0 to keep, 0 to remove.",
    ]
    assert database.ask(live) == 300


def test_a_killed_import_changed_nothing_and_is_closed_as_interrupted_once(database: Database, template: Path) -> None:
    script = template.parent / "stuck.py"
    script.write_text("import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'orgsite.settings'\n" + STUCK)
    process = python(template.parent, str(script), str(template), database=database.address)
    waiting = Path(f"{template}.waiting")
    for _ in range(600):
        if waiting.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    assert waiting.exists(), process.communicate()[0]
    process.communicate()
    assert [database.ask(each) for each in (live, runs, errors)] == [0, ["running"], []]
    assert database.ask(close_interrupted) == 1
    assert [database.ask(each) for each in (live, runs, errors)] == [0, ["failed"], ["interrupted"]]
    assert database.ask(close_interrupted) == 0
