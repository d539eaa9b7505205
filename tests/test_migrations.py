"""Migrations go back as well as forth."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection  # noqa: F401 - named in the marks

from tests.processes import finish, manage


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="it takes a database of its own; SQLite's half shows this")
@pytest.mark.django_db(transaction=True)
def test_every_migration_can_be_taken_back_and_made_again(tmp_path: Path) -> None:
    for target in ("", "workspaces zero", "audit zero", ""):
        finish(manage(tmp_path, "migrate", *target.split(), "-v0"))
    finish(manage(tmp_path, "migrate", "--check"))
