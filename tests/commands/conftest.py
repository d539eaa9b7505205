"""Fixtures that run commands: on a pseudo-terminal, with any output, or as processes of their own."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import migrated_file
from tests.processes import ROOT, environment
from workspaces.models import Organization

PATIENCE = 120  # seconds
TREE = "name: Dev\nworkspaces:\n  - name: PM\n    children:\n      - name: Dev Lead\n      - name: Café 🚀\n"
MOVED = "name: Dev\nworkspaces:\n  - name: PM\n  - name: Dev Lead\n  - name: Café 🚀\n"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def tree(tmp_path: Path, organization: Organization) -> list[str]:
    """The arguments of an import of three workspaces."""
    (tmp_path / "org.yaml").write_text(TREE, encoding="utf-8")
    return ["import_org", str(tmp_path / "org.yaml"), "--org", "acme"]


@pytest.fixture
def reconcile(tree: list[str], tmp_path: Path) -> list[str]:
    """The three are live; these arguments would remove two of them and make two, because they follow no moves."""
    call_command(*tree)
    (tmp_path / "moved.yaml").write_text(MOVED, encoding="utf-8")
    moved = str(tmp_path / "moved.yaml")
    return ["import_org", moved, "--org", "acme", "--mode", "reconcile", "--no-moves", "--confirm-removals", "2"]


def ended(arguments: tuple[str, ...]) -> int:
    """The exit status of the command, its error written where errors go."""
    try:
        call_command(*arguments)
    except CommandError as error:
        sys.stderr.write(f"CommandError: {error}\n")
        return error.returncode
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a terminal, where somebody types: the exit status, and what they see."""

    def run(*arguments: str, typed: str = "") -> tuple[int, str]:
        ours, theirs = pty.openpty()
        os.write(ours, typed.encode())
        with (
            monkeypatch.context() as patch,
            os.fdopen(theirs, "r") as keys,
            os.fdopen(os.dup(theirs), "w", encoding="utf-8") as screen,
        ):
            for name, stream in (("stdin", keys), ("stdout", screen), ("stderr", screen)):
                patch.setattr(sys, name, stream)
            status = ended(arguments)
        return status, _everything(ours).decode()

    return run


def _everything(side: int) -> bytes:
    """What the other side wrote, which is closed."""
    seen = b""
    try:
        while block := os.read(side, 65_536):
            seen += block
    except OSError:  # so Linux ends it
        pass
    os.close(side)
    return seen


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, bytes]]:
    """Runs a command whose standard output has an encoding of its own: the exit status, and the bytes."""

    def run(*arguments: str, encoding: str) -> tuple[int, bytes]:
        said = io.BytesIO()
        with monkeypatch.context() as patch:
            stream = io.TextIOWrapper(said, encoding=encoding, errors="strict")
            patch.setattr(sys, "stdout", stream)
            status = ended(arguments)
            stream.flush()
        return status, said.getvalue()

    return run


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A database for processes of their own."""
    path = tmp_path_factory.mktemp("migrated") / "children.sqlite3"
    with migrated_file(path, unblock=django_db_blocker.unblock) as database:
        yield database.address


def in_shell(script: str, *, database: str, without: tuple[str, ...] = (), **more: str) -> subprocess.CompletedProcess:
    """A script of bash in which `$MANAGE` stands for manage.py, without some variables."""
    usual = {"ORGSITE_SECRET_KEY": "of the tests", "DJANGO_SETTINGS_MODULE": "orgsite.settings"}
    variables = {**environment(database), **usual, **more}
    return subprocess.run(
        [
            "/bin/bash",
            "-c",
            script.replace("$PYTHON", sys.executable).replace("$MANAGE", f"{sys.executable} manage.py"),
        ],
        cwd=ROOT,
        env={name: value for name, value in variables.items() if name not in without},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        text=True,
    )
