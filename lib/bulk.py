"""Set-based SQL that the ORM cannot express: many rows in one statement, many ids as one parameter.

PostgreSQL takes rows by COPY and ids as an array (`= ANY`), SQLite takes prepared values and JSON (`json_each`): one
statement each, for any number of rows.

On SQLite, where one lock serves all writers, `Rows` are written in two steps. First into a temporary table, which
belongs to the connection: this may take long and blocks no other writer. Then, under the lock, by one INSERT … SELECT,
which neither prepares values nor waits for other threads between two rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup
from django.db.models.fields.related import ForeignObject


@ForeignObject.register_lookup
@models.Field.register_lookup
class OneOf(Lookup):
    """`filter(id__one_of=ids)`: like `__in`, but all ids are ONE parameter.

    SQLite allows 32,766 placeholders at most, and PostgreSQL plans an array faster than a list.
    """

    lookup_name = "one_of"

    def get_prep_lookup(self) -> Collection[Any]:
        return self.rhs if isinstance(self.rhs, Ids) else list(self.rhs)

    def process_rhs(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column = self.lhs.output_field
        if connection.vendor == "sqlite":
            values = [column.get_db_prep_value(value, connection) for value in self.rhs]
            return "IN (SELECT value FROM json_each(%s))", (json.dumps(values),)
        return f"= ANY(%s::{array_type(column, connection)})", (as_array(self.rhs),)

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {right}", (*left_params, *right_params)


class Ids(Collection[UUID]):
    """Ids that several statements use, in order. Their text is built once: that can take as long as a statement."""

    def __init__(self, ids: Iterable[UUID]) -> None:
        self._ids = tuple(ids)

    @classmethod
    def of(cls, ids: Iterable[UUID]) -> Ids:
        """`ids` itself, with its cached text, if it is an `Ids` already."""
        return ids if isinstance(ids, Ids) else cls(ids)

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, value: object) -> bool:
        return value in self._ids

    @cached_property
    def array(self) -> str:
        return _array(self)

    @cached_property
    def json(self) -> str:
        """The ids in hexadecimal, as SQLite stores them."""
        return json.dumps([key.hex for key in self._ids])


def insert_rows(
    model: type[models.Model],
    fields: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    same: Mapping[str, Any] | None = None,
) -> None:
    """Insert `rows` (values in the order of `fields`; `same`: fields with one value for all rows) in one call.

    Sends no signals, applies no defaults of Django's, returns no ids: an omitted field gets its column's default,
    usually NULL.
    """
    first = next(iterator := iter(rows), None)
    if first is None:
        return
    alike = same or {}
    columns: list[Any] = [model._meta.get_field(name) for name in (*fields, *alike)]
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    target = f"{quote(model._meta.db_table)} ({', '.join(quote(column.column) for column in columns)})"
    write = _copy if connection.vendor == "postgresql" else _insert
    write(connection, target, columns, chain([first], iterator), tuple(alike.values()))


def insert_for_each(model: type[models.Model], field: str, ids: Ids, *, same: Mapping[str, Any]) -> None:
    """Insert a row for each of `ids` (the value of `field`), with all other values equal, by one INSERT … SELECT."""
    columns: list[Any] = [model._meta.get_field(name) for name in (*same, field)]
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    source = "json_each(%s)" if connection.vendor == "sqlite" else "unnest(%s::uuid[]) AS value"
    alike = [column.get_db_prep_save(value, connection) for column, value in zip(columns, same.values(), strict=False)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quote(column.column) for column in columns)}) "
            f"SELECT {', '.join(['%s'] * len(same))}, value FROM {source}",
            [*alike, ids.json if connection.vendor == "sqlite" else ids.array],
        )


def _copy(
    connection: BaseDatabaseWrapper, target: str, columns: Sequence[Any], rows: Iterable[Sequence[Any]], same: Any
) -> None:
    """Write by COPY, at a third of the cost of INSERT. Values that all rows share are turned into text once."""
    texts = [position for position, column in enumerate(columns) if isinstance(column, models.JSONField)]
    alike = [_as_text(value) for value in same]
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {target} FROM STDIN") as copy,
    ):
        for row in rows:
            values = [*row, *alike]
            for position in texts:
                values[position] = as_json(values[position])
            copy.write_row(values)


def _insert(
    connection: BaseDatabaseWrapper, target: str, columns: Sequence[Any], rows: Iterable[Sequence[Any]], same: Any
) -> None:
    prepared = [
        [as_stored(column, value, connection) for column, value in zip(columns, (*row, *same), strict=True)]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {target} VALUES ({', '.join(['%s'] * len(columns))})", prepared)


def as_stored(column: Any, value: Any, connection: BaseDatabaseWrapper) -> Any:
    """The value as the column stores it."""
    return as_json(value) if isinstance(column, models.JSONField) else column.get_db_prep_save(value, connection)


# json.dumps() would build an encoder for each value, and look for cycles, which nothing that is stored can have.
_JSON = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


class JsonText(str):
    """JSON that is text already: a JSONField's value that is written as it is."""


def as_json(value: Any) -> str | None:
    """The text of a JSONField's value; None is NULL."""
    return value if value is None or type(value) is JsonText else _JSON(value)


def _as_text(value: Any) -> Any:
    return value if value is None or isinstance(value, bytes | dict | list) else str(value)


def as_array(values: Iterable[Any]) -> str:
    """A PostgreSQL array in its text form, for a parameter that the statement casts: `%s::uuid[]`.

    psycopg adapts each element separately, which takes ten times as long.
    """
    return values.array if isinstance(values, Ids) else _array(values)


def _array(values: Iterable[Any]) -> str:
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    if isinstance(value, UUID):
        return value.hex
    if value is None:
        return "NULL"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def array_type(column: Any, connection: BaseDatabaseWrapper) -> str:
    if isinstance(column.target_field if column.is_relation else column, models.CharField):
        return "text[]"  # a cast to varchar(n) would cut a value that is too long, and the cut value could match
    kind = column.rel_db_type(connection) if column.is_relation else column.cast_db_type(connection)
    return f"{kind}[]"


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
