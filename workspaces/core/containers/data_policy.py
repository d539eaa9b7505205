"""The volumes of a removed workspace: what was decided about them, and what becomes of them. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class DataPolicy(StrEnum):
    """The decision of the person who removes. The container goes at once in any case."""

    WAIT = "wait"  # destroyed after the grace; until then a restore finds them
    ERASE = "erase"  # destroyed at once
    KEEP = "keep"  # destroyed only when somebody asks for it

    @classmethod
    def of(cls, *, keep_volumes: bool = False, erase: bool = False) -> DataPolicy:
        """The policy in the words of REST and commands, which refuse both together."""
        return cls.KEEP if keep_volumes else cls.ERASE if erase else cls.WAIT


class DataFate(StrEnum):
    """The fate of the volumes of a removed workspace."""

    NONE = "none"  # it had no container
    WAITS = "waits"  # for the end of the grace
    KEPT = "kept"  # until somebody asks for their end
    GOES = "goes"  # they are being destroyed
    DESTROYED = "destroyed"

    @property
    def is_there(self) -> bool:
        """Whether a restore finds the data."""
        return self in (DataFate.WAITS, DataFate.KEPT)


def fate_of(keep_volumes: bool, purge_at: datetime | None, purged_at: datetime | None) -> DataFate:
    """The fate of the volumes of a removed workspace that had a container, from the columns of its row."""
    if purged_at:
        return DataFate.DESTROYED
    if keep_volumes:
        return DataFate.KEPT
    return DataFate.WAITS if purge_at else DataFate.GOES
