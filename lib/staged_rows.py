"""Rows written in two steps on SQLite, where one lock serves all writers.

First into a temporary table, which belongs to the connection: this may take long and blocks no other writer. Then,
under the lock, by one INSERT … SELECT, which neither prepares values nor waits for other threads between two rows. On
PostgreSQL there is only the second step, COPY.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

from lib.bulk import as_stored, insert_rows


def locks_everything(connection: BaseDatabaseWrapper) -> bool:
    """Whether one writing transaction blocks all other writers."""
    return connection.vendor == "sqlite"


class Rows:
    """Rows of a table, values in the order of `fields`, to be inserted once."""

    def __init__(self, model: type[models.Model], fields: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
        self._model, self._fields, self._values = model, fields, values
        self._staged = ""  # the temporary table

    def stage(self) -> None:
        """The first step: on SQLite, write the rows into a temporary table. Call it before taking the lock."""
        connection = connections[router.db_for_write(self._model)]
        if not locks_everything(connection):
            return
        columns = self._columns(self._fields)
        rows = (
            [as_stored(column, value, connection) for column, value in zip(columns, row, strict=True)]
            for row in self._values
        )
        self._staged = stage_rows(connection, self._model._meta.db_table, [column.column for column in columns], rows)

    def insert(self, *, same: Mapping[str, Any]) -> None:
        """The second step, under the lock; `same`: fields with one value for all rows."""
        if not self._staged:
            insert_rows(self._model, self._fields, self._values, same=same)
            return
        connection = connections[router.db_for_write(self._model)]
        quote = connection.ops.quote_name
        own, shared = self._columns(self._fields), self._columns(same)
        names = [quote(column.column) for column in own]
        alike = [as_stored(column, same[column.name], connection) for column in shared]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {quote(self._model._meta.db_table)} "
                f"({', '.join((*names, *(quote(column.column) for column in shared)))}) "
                f"SELECT {', '.join((*names, *['%s'] * len(shared)))} FROM {self._staged} ORDER BY place",
                alike,
            )
            cursor.execute(f"DROP TABLE {self._staged}")

    def _columns(self, names: Iterable[str]) -> list[Any]:
        return [self._model._meta.get_field(name) for name in names]


def stage_rows(
    connection: BaseDatabaseWrapper, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> str:
    """Write the rows, numbered in `place`, into a temporary table that replaces an older one of that name.

    Returns the table's name in SQL.
    """
    quote = connection.ops.quote_name
    table = f"temp.{quote(f'staged_{name}')}"
    with _without_write_lock(connection), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE TABLE {table} (place INTEGER PRIMARY KEY, {', '.join(map(quote, columns))})")
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({', '.join(map(quote, columns))}) VALUES ({marks})", list(rows))
    return table


@contextmanager
def _without_write_lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A transaction of its own, or the one that is open already."""
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # Django begins IMMEDIATE: that would take the write lock for all this time
        try:
            yield
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
