"""One UPDATE that gives each row of a table its own values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

from lib.bulk import array_type, as_array, as_json, as_stored


def update_rows(
    model: type[models.Model],
    fields: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    same: Mapping[str, Any] | None = None,
) -> None:
    """Give each row of the table its own values by one UPDATE; `rows` have the primary key and the values of `fields`.

    `same`: fields with one value for all. Sends no signals. Unique constraints must hold after each row.
    """
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    key: Any = model._meta.pk
    own: list[Any] = [model._meta.get_field(name) for name in fields]
    shared: list[Any] = [model._meta.get_field(name) for name in same or {}]
    source, given = values_of(connection, [key, *own], list(rows))
    if not given:
        return
    sets = [f"{quote(each.column)} = {_typed_value(connection, each, number)}" for number, each in enumerate(own, 1)]
    sets += [f"{quote(each.column)} = %s" for each in shared]
    alike = [as_stored(each, value, connection) for each, value in zip(shared, (same or {}).values(), strict=True)]
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {', '.join(sets)} FROM {source} WHERE {table}.{quote(key.column)} = v.f0",
            [*alike, *given],
        )


def values_of(
    connection: BaseDatabaseWrapper, columns: Sequence[Any], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """The rows as a FROM item `v` with columns f0, f1 …, of the types of `columns`; and its parameters, none for no
    rows. JSON is text."""
    write = _values_of_arrays if connection.vendor == "postgresql" else _values_of_json
    return write(connection, columns, rows)


def _values_of_arrays(
    connection: BaseDatabaseWrapper, columns: Sequence[Any], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """An array for each column."""
    kinds = ["text[]" if isinstance(each, models.JSONField) else array_type(each, connection) for each in columns]
    names = ", ".join(f"f{number}" for number in range(len(columns)))
    source = f"unnest({', '.join(f'%s::{kind}' for kind in kinds)}) AS v({names})"
    turned = zip(*rows, strict=True) if rows else ()
    return source, [
        as_array(map(as_json, values) if isinstance(column, models.JSONField) else values)
        for column, values in zip(columns, turned, strict=False)
    ]


def _values_of_json(
    connection: BaseDatabaseWrapper, columns: Sequence[Any], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """One JSON list for all."""
    names = ", ".join(f"json_extract(value, '$[{number}]') AS f{number}" for number in range(len(columns)))
    stored = [
        [as_stored(column, value, connection) for column, value in zip(columns, row, strict=True)] for row in rows
    ]
    return f"(SELECT {names} FROM json_each(%s)) AS v", [json.dumps(stored)] if stored else []


def _typed_value(connection: BaseDatabaseWrapper, column: Any, number: int) -> str:
    is_json = connection.vendor == "postgresql" and isinstance(column, models.JSONField)
    return f"v.f{number}::jsonb" if is_json else f"v.f{number}"
