"""How every list finds workspaces by what somebody typed: a name, a path, the beginning of an id."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from workspaces.core.names import SEPARATOR, fold_spaces

LEAST_DIGITS = 4  # of an id


class Search:
    """A text without `›` is found in names; with it, in paths, and then it ends in the name of what is found.

    `above` are the parts before the last one: `m › le` finds `PM › Lead`.
    """

    def __init__(self, text: str) -> None:
        *self.above, self.last = [part.strip() for part in text.split(SEPARATOR.strip())]
        self._folded = [part.casefold() for part in self.above]
        self._name = self.last.casefold()

    def finds(self, trail: Sequence[str]) -> bool:
        """Whether it is found in the path of these names, the last one of which is the workspace's own."""
        if not self._folded:
            return self._name in _folded(trail[-1])
        above = [_folded(name) for name in trail[:-1][-len(self._folded) :]]
        return (
            len(above) == len(self._folded)
            and _folded(trail[-1]).startswith(self._name)
            and above[0].endswith(self._folded[0])
            and above[1:] == self._folded[1:]
        )


def ids_from(text: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begin with these digits; None for a text that is no beginning of an id."""
    digits = text.replace("-", "").casefold()
    if not LEAST_DIGITS <= len(digits) <= 32 or not set(digits) <= set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _folded(name: str) -> str:
    return fold_spaces(name).casefold()
