"""Helpers that run `manage.py` in processes of their own, on a real database, to test several processes together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
CHILDREN = "children.sqlite3"


def database_url(folder: Path) -> str:
    """Where child processes find their database: this run's PostgreSQL test database, or a SQLite file of their own."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{folder / CHILDREN}"
    return address_of(connection.settings_dict)


def address_of(values: dict[str, Any]) -> str:
    """The database of these settings, written as DATABASE_URL."""
    if values["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{values['NAME']}"
    host, port = values["HOST"] or "", values["PORT"] or ""
    secret = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    place = f"{host}:{port}" if not host.startswith("/") else f"{host.replace('/', '%2F')}:{port}"
    return f"postgres://{values['USER']}{secret}@{place}/{values['NAME']}"


def environment(database: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database, "PYTHONPATH": str(ROOT)}


def manage(folder: Path, *arguments: str, database: str = "") -> subprocess.Popen[str]:
    return python(folder, str(ROOT / "manage.py"), *arguments, database=database)


def python(folder: Path, *arguments: str, database: str = "", talk: bool = False) -> subprocess.Popen[str]:
    """With `talk` it listens to what is written to its standard input."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE if talk else None,
        env=environment(database or database_url(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What it printed; an assertion error with that text when it failed."""
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    return text
