"""Points in time as parameters of lists."""

from __future__ import annotations

from datetime import datetime

from rest_framework.serializers import ValidationError

from lib.times import parse_time


def moment(name: str, text: str) -> datetime:
    """The time that the parameter `name` means. Raises ValidationError."""
    try:
        return parse_time(text)
    except ValueError as error:
        raise ValidationError({name: str(error)}) from error
