"""Several processes on one database: one after the other, and nothing half done when one is killed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import migrate_children
from tests.processes import finish, manage, python

pytestmark = pytest.mark.django_db(transaction=True)

TEMPLATE = {"name": "Many", "workspaces": [{"name": f"W{i}", "children": [{"name": "Child"}]} for i in range(150)]}
ASK = """
import django; django.setup()
from audit.models import StructureEvent
from workspaces.models import ImportRun, Workspace
from workspaces.services.plans.abandoned_runs import close_interrupted
import json, sys
closed = close_interrupted() if "close" in sys.argv else 0
print(json.dumps({
    "live": Workspace.objects.live().count(),
    "closed": closed,
    "runs": sorted(ImportRun.objects.values_list("state", flat=True)),
    "ends": sorted(StructureEvent.objects.filter(event_type__in=["org.import.completed", "org.import.failed"])
                   .values_list("payload__error", flat=True)),
}))
"""
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
def template(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Path:
    migrate_children(tmp_path, unblock=django_db_blocker.unblock)
    path = tmp_path / "many.json"
    path.write_text(json.dumps(TEMPLATE))
    return path


def state(folder: Path, *arguments: str) -> dict[str, object]:
    (folder / "ask.py").write_text("import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'orgsite.settings'\n" + ASK)
    answer: dict[str, object] = json.loads(finish(python(folder, str(folder / "ask.py"), *arguments)))
    return answer


def test_two_imports_at_once_run_one_after_the_other(template: Path) -> None:
    both = [manage(template.parent, "import_org", str(template)) for _ in range(2)]
    summaries = sorted(finish(process).splitlines()[-2] for process in both)
    assert summaries == [
        "Plan: 0 to create, 300 to keep, 0 to remove.",
        "Plan: 300 to create, 0 to keep, 0 to remove.",
    ]
    assert state(template.parent)["live"] == 300


def test_a_killed_import_changed_nothing_and_is_closed_as_interrupted_once(template: Path) -> None:
    script = template.parent / "stuck.py"
    script.write_text("import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'orgsite.settings'\n" + STUCK)
    process = python(template.parent, str(script), str(template))
    waiting = Path(f"{template}.waiting")
    for _ in range(600):
        if waiting.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    assert waiting.exists(), process.communicate()[0]
    process.communicate()
    assert state(template.parent) == {"live": 0, "closed": 0, "runs": ["running"], "ends": []}
    assert state(template.parent, "close") == {"live": 0, "closed": 1, "runs": ["failed"], "ends": ["interrupted"]}
    assert state(template.parent, "close")["closed"] == 0
