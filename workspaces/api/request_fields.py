"""The fields of requests. A field takes its own type and guesses nothing: `"yes"` is no boolean, 5 is no text."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from rest_framework import serializers

from workspaces.core.columns import TIER_RULE, TIERS
from workspaces.core.names import clean_text
from workspaces.core.planning.plan import parse_mode
from workspaces.core.planning.plan_values import IMPORT_MODES, Mode
from workspaces.errors import UnknownMode

BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Boolean(serializers.BooleanField):
    """true or false; from a form or a query also 1 and 0."""

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, bool):
            return data
        value = BOOLEANS.get(data.lower()) if isinstance(data, str) else None
        if value is None:
            raise serializers.ValidationError("must be true or false")
        return value


class Count(serializers.IntegerField):
    """A whole number from 0, as a number or in digits."""

    def to_internal_value(self, data: Any) -> int:
        digits = isinstance(data, str) and data.isascii() and data.isdigit() and len(data) < 10
        if not digits and (isinstance(data, bool) or not isinstance(data, int) or not 0 <= data < 10**9):
            raise serializers.ValidationError("must be a whole number from 0")
        return int(data)


class Tier(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=TIERS[0], max_value=TIERS[-1], **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or data not in TIERS:
            raise serializers.ValidationError(TIER_RULE)
        return data


class Text(serializers.CharField):
    """Text that a database can hold; `check` may refuse it with a ValueError, or return it in its stored form."""

    def __init__(self, *, check: Callable[[str], str] = clean_text, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)
        self.check = check

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            raise serializers.ValidationError("must be text")
        return super().run_validation(data)

    def to_internal_value(self, data: str) -> str:
        try:
            return self.check(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class ModeField(serializers.ChoiceField):
    """The empty mode means merge."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[mode.value for mode in IMPORT_MODES], allow_blank=True, **kwargs)

    def to_internal_value(self, data: Any) -> Mode:
        try:
            return parse_mode(data if isinstance(data, str) else repr(data)[:60])
        except UnknownMode as error:
            raise serializers.ValidationError(str(error)) from error

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return Mode.MERGE if data == "" else super().run_validation(data)


class WordField(serializers.ChoiceField):
    """A word of an enumeration; nothing, and the empty value, mean its first one."""

    def __init__(self, kind: type[StrEnum], **kwargs: Any) -> None:
        self.kind, self.words = kind, [each.value for each in kind]
        super().__init__(choices=self.words, allow_blank=True, default=kind(self.words[0]), **kwargs)

    def to_internal_value(self, data: Any) -> StrEnum:
        if not isinstance(data, str) or data not in self.words:
            raise serializers.ValidationError(f"must be {' or '.join(self.words)}")
        return self.kind(data)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return self.default if data == "" else super().run_validation(data)


class Mapping(serializers.DictField):
    """A JSON object."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("must be an object")
        return data
