"""Empty the test database after a test that really committed, but for the rows that `migrate` makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from workspaces.apps import create_default_organization

# `flush` empties these too, and then asks every app for its rows again, which takes longer than most tests.
MIGRATED = (ContentType, Permission, Group, Group.permissions.through)


class Emptying:
    """Empties the tables; with `flush` where the test has changed what stays, and the first time."""

    def __init__(self) -> None:
        self._migrated: list[Any] = []

    def empty(self, *, flush: Callable[[], None]) -> None:
        if self._migrated and _rows() == self._migrated:
            _delete_rows()
        else:
            flush()
            self._migrated = _rows()


def _rows() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values_list()) for model in MIGRATED]


def _delete_rows() -> None:
    """Foreign keys are checked when all is done. Few rows are deleted sooner than forty tables are truncated."""
    kept = {model._meta.db_table for model in MIGRATED}
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - kept
    with transaction.atomic(), connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    create_default_organization(using=connection.alias)
