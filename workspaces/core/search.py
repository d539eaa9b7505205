"""The search of every list of workspaces: by a name, a path, the beginning of an id."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from workspaces.core.names import SEPARATOR, fold_spaces

LEAST_DIGITS = 4  # of an id
MARK = SEPARATOR.strip()


class Search:
    """A text without `›` is found in names; with it, in paths whose last name ends it.

    `above` are the parts before the last one: `m › le` finds `PM › Lead`. `ids` are the first and the last id that
    begin with the text, None if no id can begin so.
    """

    def __init__(self, text: str) -> None:
        *self.above, self.last = parts = [part.strip() for part in text.split(MARK)]
        self._path = MARK.join(parts).casefold()
        digits = text.replace("-", "").casefold()
        is_id = LEAST_DIGITS <= len(digits) <= 32 and set(digits) <= set("0123456789abcdef")
        self.ids = (UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))) if is_id else None

    def finds(self, trail: Sequence[str]) -> bool:
        """Whether it is found in the path of these names, the last one of which is the workspace's own."""
        names = [fold_spaces(name).casefold() for name in trail]
        path = MARK.join(names)
        place = path.rfind(self._path)
        return place >= 0 and place + len(self._path) >= len(path) - len(names[-1])

    def begins(self, key: UUID) -> bool:
        """Whether the id begins with the text."""
        return self.ids is not None and self.ids[0] <= key <= self.ids[1]
