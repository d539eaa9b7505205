"""The policies for the volumes of a removed workspace."""

from __future__ import annotations

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
