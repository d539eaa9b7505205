"""Commands as processes of their own, on a database file of their own: with any encoding, pipe or terminal."""

from __future__ import annotations

import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.processes import ROOT, finish, manage

PATIENCE = 60  # seconds
TREE = "name: Dev\nworkspaces:\n  - name: PM\n    children:\n      - name: Dev Lead\n      - name: Café 🚀\n"
MOVED = "name: Dev\nworkspaces:\n  - name: PM\n  - name: Dev Lead\n  - name: Café 🚀\n"


@dataclass(kw_only=True)
class Shell:
    """A shell in a folder; `address` is that of its database."""

    folder: Path
    address: str
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self, **variables: str) -> dict[str, str]:
        usual = {"DATABASE_URL": self.address, "ORGSITE_SECRET_KEY": "of the tests", "PYTHONPATH": str(ROOT)}
        found = {**os.environ, **usual, **self.variables, **variables}
        return {name: value for name, value in found.items() if value != "-"}

    def run(self, *arguments: str, script: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
        """A command by itself, or a `script` of the shell in which `$MANAGE` stands for manage.py."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        if script:
            command = ["/bin/bash", "-c", script.replace("$MANAGE", f"{sys.executable} {ROOT / 'manage.py'}")]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )

    def on_terminal(self, *arguments: str, typed: str = "", **variables: str) -> tuple[int, str]:
        """The exit status, and all that a person sees who types that."""
        ours, theirs = pty.openpty()
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        environment = self.environment(TERM="xterm", **{"NO_COLOR": "-", **variables})
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        process = subprocess.Popen(command, cwd=self.folder, env=environment, **streams)
        os.close(theirs)
        os.write(ours, typed.encode())
        seen = b""
        try:
            while block := os.read(ours, 65_536):
                seen += block
        except OSError:  # Linux says so where the other side is closed
            pass
        os.close(ours)
        return process.wait(PATIENCE), seen.decode()

    def write(self, text: str, name: str = "org.yaml") -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)

    def ask(self, statement: str) -> list[object]:
        """The first column of what the database answers."""
        with closing(sqlite3.connect(self.address.removeprefix("sqlite:///"))) as database:
            return [row[0] for row in database.execute(statement)]

    def live(self) -> int:
        """How many workspaces are live."""
        return len(self.ask("SELECT id FROM workspaces_workspace WHERE status <> 'removed'"))

    def events(self) -> int:
        """How many events there are."""
        return len(self.ask("SELECT id FROM structure_events"))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a row that `migrate` does not make."""
    folder = tmp_path_factory.mktemp("migrated")
    finish(manage(folder, "migrate", "-v0", database=f"sqlite:///{folder / 'empty.sqlite3'}"))
    return folder / "empty.sqlite3"


@pytest.fixture
def shell(tmp_path: Path, migrated: Path) -> Shell:
    for each in migrated.parent.glob("empty.sqlite3*"):
        shutil.copy(each, tmp_path / each.name)
    return Shell(folder=tmp_path, address=f"sqlite:///{tmp_path / 'empty.sqlite3'}")


@pytest.fixture
def uncoloured() -> Callable[[str], str]:
    return lambda text: re.sub(r"\x1b\[[0-9;]*m", "", text)
