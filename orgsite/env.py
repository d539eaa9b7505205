"""Environment variables as typed values; a value that makes no sense stops the start with a sentence that names it."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name}={value!r} is neither on nor off; use 1 or 0.")
    return value in TRUE


def integer(name: str, default: int, *, least: int = 1, most: int = 10**12) -> int:
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number from {least} to {most}.")
    return int(value)


def fraction(name: str, default: float) -> float:
    value = text(name, str(default))
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number between 0 and 1.")
    return number


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def choice(name: str, default: str, *, of: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in of:
        raise ImproperlyConfigured(f"{name}={value!r} is not available; choose one of: {', '.join(of)}.")
    return value


def throttle_rate(name: str, default: str) -> str | None:
    """`off` or requests per minute → a rate as Django REST Framework writes it, or None."""
    value = text(name, default).lower()
    return None if value == "off" else f"{integer(name, int(default))}/minute"


def secret_key(name: str, *, debug: bool) -> str:
    """The key from the environment; in debug mode, which guards nothing anyway, one that everybody knows."""
    value = text(name)
    if value or debug:
        return value or "known to everybody, for debug mode only"
    raise ImproperlyConfigured(f"Set {name} to a long random text (or ORGSITE_DEBUG=1 on a developer's machine).")
