"""The rules of the house, each as a test whose message says what to do."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("orgsite", "workspaces", "audit")
PURE = {"yaml", "pydantic", "pydantic_core", "cronsim", "workspaces"}


def sources(*packages: str) -> Iterator[tuple[str, str]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def imports(text: str, *, at_run_time: bool = True) -> Iterator[str]:
    tree = ast.parse(text)
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and at_run_time and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_core_is_pure() -> None:
    for name, text in sources("workspaces/core"):
        for module in imports(text):
            top = module.split(".")[0]
            assert top in PURE or top in sys.stdlib_module_names, (
                f"{name} imports {module}: core/ decides, services/ does."
            )
            assert top != "workspaces" or module.startswith(("workspaces.core", "workspaces.errors")), (
                f"{name} imports {module}: arrows run towards core/, never out of it."
            )
            assert top not in {"os", "pathlib", "time", "random", "secrets", "socket", "subprocess"}, (
                f"{name} imports {module}: core/ has no clock, no chance and no I/O; pass the value in."
            )


ARROWS = {
    "workspaces/services": ("workspaces.api", "workspaces.admin", "workspaces.management", "rest_framework"),
    "workspaces/models.py": ("workspaces.services", "workspaces.api", "workspaces.admin"),
    "audit": ("workspaces.services", "workspaces.admin"),
}


@pytest.mark.parametrize("place", ARROWS)
def test_arrows_never_run_back(place: str) -> None:
    for name, text in sources(*PACKAGES):
        if name.startswith(place):
            for module in imports(text):
                assert not module.startswith(ARROWS[place]), (
                    f"{name} imports {module}: edges ask services, never the reverse."
                )


def test_only_services_open_transactions() -> None:
    allowed = ("workspaces/services/", "audit/emitting.py")
    for name, text in sources(*PACKAGES):
        opens = re.search(r"\batomic\(|select_for_update|@transaction", text)
        assert name.startswith(allowed) or not opens, f"{name} opens a transaction: move that into a service."


def test_only_engines_talk_to_docker() -> None:
    for name, text in sources(*PACKAGES):
        assert name.startswith("workspaces/engines/") or "docker" not in imports(text), f"{name} imports docker."


def test_there_is_no_second_way_to_remove_a_workspace() -> None:
    for name, text in sources(*PACKAGES):
        if name == "workspaces/services/cascading.py":
            continue
        assert not re.search(r"status\s*=\s*(Status\.REMOVED|[\"']removed)", _without_filters(text)), (
            f"{name} writes the status removed: call cascade_delete instead."
        )
        assert not re.search(r"\bWorkspace\.objects[^\n]*\.delete\(|\bworkspaces?\.delete\(|_raw_delete", text), (
            f"{name} deletes workspace rows: they stay, call cascade_delete instead."
        )
        assert not re.search(r"(?i)delete\s+from\s+\W*workspaces_workspace\b", text), f"{name} deletes by SQL."


def _without_filters(text: str) -> str:
    """The source without what only asks: filter(…), exclude(…), Q(…)."""
    return re.sub(r"\b(filter|exclude|Q)\((?:[^()]|\([^()]*\))*\)", "", text)


def test_workspaces_are_written_by_services_only() -> None:
    for name, text in sources(*PACKAGES):
        if not name.startswith("workspaces/services/"):
            assert not re.search(
                r"\bWorkspace\.objects[^\n]*\.(update|create|bulk_create|bulk_update|get_or_create)\(", text
            ), f"{name} writes workspaces: that is a service that is missing."


def test_only_settings_read_the_environment() -> None:
    for name, text in sources(*PACKAGES):
        if name not in ("orgsite/env.py", "orgsite/asgi.py"):
            assert "os.environ" not in text, f"{name} reads the environment: add a setting in orgsite/settings.py."


def test_no_file_holds_more_than_it_should() -> None:
    for name, text in sources(*PACKAGES):
        assert text.count("\n") <= 330, f"{name} is long: it probably holds two ideas; split it."
