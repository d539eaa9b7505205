"""Set-based SQL that the ORM has no words for: many rows in one statement, many ids as one parameter.

PostgreSQL takes arrays (`unnest`, `= ANY`), SQLite takes JSON (`json_each`); both forms are one statement, whatever the
number of rows. Field values are prepared by Django's own fields, so types and encodings are the ORM's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup
from django.db.models.fields.related import ForeignObject


@ForeignObject.register_lookup
@models.Field.register_lookup
class OneOf(Lookup):
    """`filter(id__one_of=ids)`: like `__in`, but all ids are ONE parameter.

    SQLite stops at 32,766 placeholders, PostgreSQL plans an array faster than a list.
    """

    lookup_name = "one_of"

    def get_prep_lookup(self) -> list[Any]:
        return list(self.rhs)

    def process_rhs(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        values = [self.lhs.output_field.get_db_prep_value(value, connection) for value in self.rhs]
        if connection.vendor == "sqlite":
            return "IN (SELECT value FROM json_each(%s))", (json.dumps(values),)
        return f"= ANY(%s::{_array_type(self.lhs.output_field, connection)})", (values,)

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {right}", (*left_params, *right_params)


def insert_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]], *, skip_existing: bool = False
) -> None:
    """Insert `rows` (values in the order of `fields`) by one call. No signals, no defaults, no ids returned.

    With `skip_existing` a row that a unique index refuses is left out, also one that another transaction inserts
    meanwhile. The rows go in in the order given: where callers may meet, each sorts them by what is unique.
    """
    columns: list[Any] = [model._meta.get_field(name) for name in fields]
    connection = connections[router.db_for_write(model)]
    prepared = [
        [_prepared(column, value, connection) for column, value in zip(columns, row, strict=True)] for row in rows
    ]
    if not prepared:
        return
    quote = connection.ops.quote_name
    target = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quote(c.column) for c in columns)})"
    end = " ON CONFLICT DO NOTHING" if skip_existing else ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = ", ".join(f"%s::{_array_type(column, connection)}" for column in columns)
            cursor.execute(
                f"{target} SELECT * FROM unnest({arrays}){end}",
                [list(values) for values in zip(*prepared, strict=True)],
            )
        else:
            cursor.executemany(f"{target} VALUES ({', '.join(['%s'] * len(columns))}){end}", prepared)


def _prepared(column: Any, value: Any, connection: BaseDatabaseWrapper) -> Any:
    if isinstance(column, models.JSONField) and value is not None:
        return json.dumps(value, ensure_ascii=False)
    return column.get_db_prep_save(value, connection)


def _array_type(column: Any, connection: BaseDatabaseWrapper) -> str:
    if isinstance(column, models.JSONField):
        return "text[]::jsonb[]"
    if isinstance(column.target_field if column.is_relation else column, models.CharField):
        return "text[]"  # a cast to varchar(n) cuts what is too long; the column itself refuses it
    kind = column.rel_db_type(connection) if column.is_relation else column.cast_db_type(connection)
    return f"{kind}[]"
