"""The ways in which a live workspace is not what its template said: a column, because lists ask for it."""

from __future__ import annotations

from enum import StrEnum


class Differs(StrEnum):
    """Whether a live workspace is what its template said last, and if not, who changed it: people, or both."""

    NOT = ""
    DRIFT = "drift"
    CONFLICT = "conflict"
