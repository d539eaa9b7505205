"""The rules of the house, each as a test whose message says what to do."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.models import ProtectedError

from tests.modules import imported_names
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Workspace
from workspaces.services.imports.importing import apply_import

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lib", "orgsite", "workspaces", "audit")
PURE = {"yaml", "pydantic", "pydantic_core", "cronsim", "idna"}
BELOW_CORE = ("workspaces.core", "workspaces.errors", "lib.text")


def sources(*packages: str) -> Iterator[tuple[str, str]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def calls(text: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call: the last name of what is called, and the call."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = node.func
            yield (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")), node


def test_core_is_pure() -> None:
    for name, text in sources("workspaces/core"):
        for module in imported_names(text):
            top = module.split(".")[0]
            assert top in PURE or top in sys.stdlib_module_names or module.startswith(BELOW_CORE), (
                f"{name} imports {module}: core/ decides, services/ does."
            )
            assert top not in {"os", "pathlib", "time", "random", "secrets", "socket", "subprocess"}, (
                f"{name} imports {module}: core/ has no clock, no chance and no I/O; pass the value in."
            )


ASKING = {"open", "now", "today", "uuid4", "import_module", "time"}


def test_core_asks_nobody() -> None:
    for name, text in sources("workspaces/core"):
        # A method called open is no file: a zip in memory has one.
        asked = {called for called, call in calls(text) if called != "open" or isinstance(call.func, ast.Name)} & ASKING
        assert not asked, f"{name} calls {asked}: core/ has no clock, no chance and no I/O; pass the value in."


def test_only_services_open_transactions() -> None:
    allowed = ("workspaces/services/", "audit/emitting.py")
    for name, text in sources(*PACKAGES):
        words = r"\batomic\b|savepoint|set_autocommit"
        locks = "" if name == "workspaces/models/querysets.py" else "|select_for_update"  # which the services call
        opens = re.search(words + locks, text)
        assert name.startswith(allowed) or not opens, f"{name} opens a transaction: move that into a service."


def test_only_engines_talk_to_docker() -> None:
    for name, text in sources(*PACKAGES):
        talks = any(module.split(".")[0] == "docker" for module in imported_names(text))
        assert name.startswith("workspaces/engines/") or not talks, f"{name} imports docker."


def test_engines_know_nothing_of_django() -> None:
    for name, text in sources("workspaces/engines"):
        knows = any(module.split(".")[0] in ("django", "orgsite", "lib") for module in imported_names(text))
        assert not knows, f"{name} imports Django: what an engine has to know comes in as Options."


WRITES = {"save", "delete", "update", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
# Each of these writes something that is no workspace: users, memberships, dictionaries, the admin's own forms.
MAY_WRITE = {
    "audit/admin/timeline/timeline_context.py": {"update"},
    "lib/sessions.py": {"delete"},  # a session
    "workspaces/apps.py": {"get_or_create"},
    "workspaces/engines/docker/swarm_engine.py": {"update"},  # a set
}


def test_edges_write_nothing_themselves() -> None:
    for name, text in sources(*PACKAGES):
        if not name.startswith(("workspaces/services/", "audit/emitting.py", "workspaces/core/")):
            methods = {called for called, call in calls(text) if isinstance(call.func, ast.Attribute)}
            extra = (methods & WRITES) - MAY_WRITE.get(name, set())
            assert not extra, f"{name} calls {extra}: rows are written by services; move it there."


def test_there_is_no_second_way_to_remove_a_workspace() -> None:
    for name, text in sources(*PACKAGES):
        if name != "workspaces/services/plans/execution.py":
            assert not re.search(r"(?i)delete\s+from\s+\W*workspaces_workspace\b|_raw_delete", text), f"{name} deletes."
            for called, call in calls(text):
                status = [ast.unparse(word.value).lower() for word in call.keywords if word.arg == "status"]
                gone = called in WRITES and any("removed" in value for value in status)
                assert not gone, f"{name} writes the status removed: call cascade_delete instead."


@pytest.mark.django_db
def test_a_workspace_cannot_be_deleted_past_the_service(organization: Organization, actor: Actor) -> None:
    apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor)
    for each in (Workspace.objects.get(), Workspace.objects.all(), organization.workspaces.all()):
        with pytest.raises(TypeError, match="cascade_delete"):
            each.delete()
    with pytest.raises(ProtectedError):
        organization.delete()
    assert Workspace.objects.live().count() == 1


PLAIN = (*PACKAGES, "bench", "scripts")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_a_docstring_begins_with_the_thing_itself() -> None:
    for name, text in sources(*PLAIN):
        for node in ast.walk(ast.parse(text)):
            words = (ast.get_docstring(node) or "") if isinstance(node, DOCUMENTED) else ""
            riddle = re.match(r"(Who|What|Whoever|Whatever|Where|Those|Nobody)\b|.*\b(she|hers?)\b", words, re.DOTALL)
            assert not riddle, f"{name}: {words[:60]!r} is a riddle: put the noun or the verb first, a person is they."


def test_only_settings_read_the_environment() -> None:
    for name, text in sources(*PACKAGES):
        if name != "orgsite/env.py":
            assert not re.search(r"\benviron\b|\bgetenv\b", text), (
                f"{name} reads the environment: add a setting in orgsite/settings.py."
            )


def test_no_file_holds_more_than_it_should() -> None:
    for name, text in sources(*PACKAGES):
        assert text.count("\n") <= 300, f"{name} is long: it probably holds two ideas; split it."
