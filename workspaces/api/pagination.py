"""Pages that neither skip nor repeat a row while rows come and go.

The framework's own cursor counts rows that share a position, 1,000 at most; an import gives thousands the same time.
Here a position is the whole sort key, the unique id last.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Field, Q
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from lib.times import as_utc
from workspaces.api.error_answers import RequestInvalid
from workspaces.errors import Problem

if TYPE_CHECKING:
    from rest_framework.views import APIView

MAX_CURSOR = 512
BIGGEST = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """Between two rows: read on after `position`, or back before it."""

    position: tuple[Any, ...]
    backwards: bool


class Keyset(BasePagination):
    """`results`, `next`, `previous`, sorted by `keys`, the last of which is unique."""

    parameters: ClassVar = ("cursor", "page_size")
    keys: ClassVar[Sequence[str]] = ("id",)
    descends: ClassVar[bool] = False
    default_size = 100
    max_size = 1000

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.address = request.build_absolute_uri()
        size = _page_size(request.query_params.get("page_size"))
        cursor = decode(request.query_params.get("cursor"), [queryset.model._meta.get_field(key) for key in self.keys])
        backwards = cursor is not None and cursor.backwards
        falling = self.descends != backwards
        if cursor:
            queryset = queryset.filter(_beyond(self.keys, cursor.position, falling=falling))
        rows = list(self.first_of(queryset, size + 1, falling=falling))
        more, page = len(rows) > size, rows[:size]
        self.page = page[::-1] if backwards else page
        self.has_next, self.has_previous = (True, more) if backwards else (more, cursor is not None)
        return self.page

    def first_of(self, queryset: Any, number: int, *, falling: bool) -> Any:
        """The first so many rows in the order of the keys, or in the opposite one."""
        return queryset.order_by(*(f"-{key}" if falling else key for key in self.keys))[:number]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._link(-1), "previous": self._link(0), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": self.max_size, "default": self.default_size}
        return [
            {"name": "cursor", "in": "query", "schema": {"type": "string"}, "description": "Of `next` or `previous`."},
            {"name": "page_size", "in": "query", "schema": size, "description": "Rows on a page."},
        ]

    def _link(self, edge: int) -> str | None:
        """The link to the page after the last row (-1) or before the first (0); None if there is none."""
        there = self.has_next if edge else self.has_previous
        if not there:
            return None
        if not self.page:  # nothing left on this side: back to the start
            return remove_query_param(self.address, "cursor")
        position = tuple(getattr(self.page[edge], key) for key in self.keys)
        return replace_query_param(self.address, "cursor", encode(Cursor(position=position, backwards=edge == 0)))


def encode(cursor: Cursor) -> str:
    text = json.dumps([int(cursor.backwards), *(str(value) for value in cursor.position)], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str | None, columns: Sequence[Field[Any, Any]]) -> Cursor | None:
    """The cursor that `encode` wrote; None for none. Raises RequestInvalid for anything else."""
    if text is None:
        return None
    try:
        if len(text) > MAX_CURSOR:
            raise ValueError("too long")
        backwards, *position = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        values = tuple(_value(column, each) for column, each in zip(columns, position, strict=True))
    except (ValueError, TypeError, ValidationError) as error:
        raise RequestInvalid([Problem(message="not a cursor of this list", path="cursor")]) from error
    return Cursor(position=values, backwards=bool(backwards))


def _value(column: Field[Any, Any], text: object) -> Any:
    if not isinstance(text, str):
        raise TypeError("a position is text")
    value = column.to_python(text)
    if value is None or (isinstance(value, int) and abs(value) > BIGGEST):
        raise ValueError("no position")
    return as_utc(value) if isinstance(value, datetime) else value


def _beyond(keys: Sequence[str], position: Sequence[Any], *, falling: bool) -> Q:
    """Rows whose sort key comes after `position`."""
    side = "lt" if falling else "gt"
    first, *others = keys
    if not others:
        return Q(**{f"{first}__{side}": position[0]})
    tied = Q(**{first: position[0]}) & _beyond(others, position[1:], falling=falling)
    return Q(**{f"{first}__{side}e": position[0]}) & (Q(**{f"{first}__{side}": position[0]}) | tied)


def _page_size(text: str | None) -> int:
    if text is None:
        return Keyset.default_size
    if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= Keyset.max_size:
        return int(text)
    raise RequestInvalid([Problem(message=f"must be a number from 1 to {Keyset.max_size:,}", path="page_size")])
