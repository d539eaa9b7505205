"""How every list finds workspaces by what somebody typed: a name, a path, the beginning of an id."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from workspaces.core.names import SEPARATOR, fold_spaces

LEAST_DIGITS = 4  # of an id


class Search:
    """A text without `›` is found in names; with it, in paths, and then it ends in the name of what is found.

    `above` are the parts before the last one: `m › le` finds `PM › Lead`. `ids` are the first and the last id that
    begin with the text, None where it is no beginning of an id.
    """

    def __init__(self, text: str) -> None:
        *self.above, self.last = [part.strip() for part in text.split(SEPARATOR.strip())]
        self._folded = [part.casefold() for part in self.above]
        self._name = self.last.casefold()
        digits = text.replace("-", "").casefold()
        is_id = LEAST_DIGITS <= len(digits) <= 32 and set(digits) <= set("0123456789abcdef")
        self.ids = (UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))) if is_id else None

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

    def begins(self, key: UUID) -> bool:
        """Whether the id begins with the text."""
        return self.ids is not None and self.ids[0] <= key <= self.ids[1]


def _folded(name: str) -> str:
    return fold_spaces(name).casefold()
