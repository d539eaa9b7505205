"""The options of an import beside its mode. Both modes create; only reconcile removes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from enum import StrEnum

from workspaces.core.planning.plan_values import Mode
from workspaces.errors import InvalidOptions


class Prefer(StrEnum):
    """Which of two live namesakes is the template's: the one at its place, or the older one."""

    PLACE = "place"
    OLDEST = "oldest"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportOptions:
    """`moves`: follow workspaces to other places and names. `updates`: change fields that the template changed.
    `overwrite`: fields that people changed, too. `retire`: remove what the template declared and no longer does.
    """

    moves: bool = False
    updates: bool = False
    retire: bool = False
    overwrite: bool = False
    prefer: Prefer = Prefer.PLACE

    @classmethod
    def of(
        cls,
        mode: Mode,
        *,
        moves: bool | None = None,
        updates: bool | None = None,
        retire: bool = False,
        overwrite: bool = False,
        prefer: Prefer = Prefer.PLACE,
    ) -> ImportOptions:
        """The options of an import in this mode; None means the mode's default. Raises InvalidOptions."""
        by_default = mode is Mode.RECONCILE
        options = cls(
            moves=by_default if moves is None else moves,
            updates=by_default if updates is None else updates,
            retire=retire,
            overwrite=overwrite,
            prefer=prefer,
        )
        if faults := dict(options._faults(mode)):
            raise InvalidOptions(faults)
        return options

    @property
    def text(self) -> str:
        """All of them, for a fingerprint."""
        return " ".join(map(str, astuple(self)))

    def _faults(self, mode: Mode) -> Iterator[tuple[str, str]]:
        """Each option that cannot be had, and why."""
        oldest = self.prefer is Prefer.OLDEST
        if mode is not Mode.RECONCILE:
            asked = {"retire": self.retire, "overwrite": self.overwrite, "prefer": oldest}
            yield from ((name, "only with mode reconcile") for name, given in asked.items() if given)
            return
        if oldest and not self.moves:
            yield "prefer", "oldest moves workspaces: not with moves: false"
        if self.overwrite and not self.updates:
            yield "overwrite", "it updates workspaces: not with updates: false"


EVERY_MATCH = (
    ImportOptions(overwrite=True), ImportOptions(moves=True, overwrite=True),
    ImportOptions(moves=True, overwrite=True, prefer=Prefer.OLDEST),
)  # fmt: skip
"""All options that match differently, each with all that one of its kind may have to read."""
