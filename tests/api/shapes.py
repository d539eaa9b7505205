"""An answer held against the shape that the OpenAPI description gives it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import fields, serializers

Shape = serializers.Serializer[Any]


def faults(answer: Any, shape: type[Shape] | Shape, *, at: str = "") -> list[str]:
    """Why it does not fit: other keys, another order, another type. Empty where it does."""
    if not isinstance(answer, Mapping):
        return [f"{at}: {answer!r} is no object"]
    declared = (shape if isinstance(shape, serializers.Serializer) else shape()).fields
    order = [name for name in declared if name in answer]
    found = [] if list(answer) == order else [f"{at}: has {list(answer)}, is declared as {order}"]
    found += [f"{at}.{name}: is missing" for name, field in declared.items() if field.required and name not in answer]
    for name in order:
        found += _of_value(answer[name], declared[name], at=f"{at}.{name}")
    return found


def _of_value(value: Any, field: Any, *, at: str) -> list[str]:
    if value is None:
        return [] if field.allow_null else [f"{at}: is null"]
    match field:
        case serializers.ListSerializer():
            return [fault for n, row in enumerate(value) for fault in faults(row, field.child, at=f"{at}[{n}]")]
        case serializers.Serializer():
            return faults(value, field, at=at)
        case fields.ListField():
            return [fault for n, each in enumerate(value) for fault in _of_value(each, field.child, at=f"{at}[{n}]")]
        case fields.DictField():
            return [fault for key, each in value.items() for fault in _of_value(each, field.child, at=f"{at}.{key}")]
    return [] if _fits(value, field) else [f"{at}: {value!r} is no {type(field).__name__}"]


def _fits(value: Any, field: Any) -> bool:
    match field:
        case fields.BooleanField():
            return isinstance(value, bool)
        case fields.IntegerField():
            return isinstance(value, int) and not isinstance(value, bool)
        case fields.UUIDField():
            return isinstance(value, str) and str(UUID(value)) == value
        case fields.DateTimeField():
            return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
        case fields.ChoiceField():
            return value in field.choices
        case fields.CharField():
            return isinstance(value, str) and bool(value or field.allow_blank)
        case fields.JSONField():
            return True
    raise AssertionError(f"no rule for {field!r}")
