"""The options of both plans of a preview, as its address and its forms hold them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.http import QueryDict

from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import InvalidOptions

GIVEN = "options"
"""Stands beside the ticked boxes of a form: a box that is not there was left empty, and is not at its default."""

BOXES = ("merge_moves", "merge_updates", "moves", "updates", "retire", "overwrite")
OPTIONS = (GIVEN, *BOXES, "prefer")
"""Their names in addresses and forms."""


def _default(mode: Mode) -> ImportOptions:
    return ImportOptions.of(mode)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The options of both plans. `prefers`: somebody said which of two namesakes stays."""

    merge: ImportOptions = field(default_factory=lambda: _default(Mode.MERGE))
    reconcile: ImportOptions = field(default_factory=lambda: _default(Mode.RECONCILE))
    prefers: bool = False

    @classmethod
    def of(cls, given: QueryDict) -> Chosen:
        """As asked for; what is not mentioned is as by default. Raises InvalidOptions."""

        def on(name: str, *, default: bool) -> bool:
            return given.get(name) == "1" if name in given or GIVEN in given else default

        prefer = given.get("prefer", "")
        return cls(
            merge=ImportOptions.of(
                Mode.MERGE, moves=on("merge_moves", default=False), updates=on("merge_updates", default=False)
            ),
            reconcile=ImportOptions.of(
                Mode.RECONCILE,
                moves=on("moves", default=True),
                updates=on("updates", default=True),
                retire=on("retire", default=False),
                overwrite=on("overwrite", default=False),
                prefer=_prefer(prefer),
            ),
            prefers=bool(prefer),
        )

    def of_mode(self, mode: Mode) -> ImportOptions:
        return self.reconcile if mode is Mode.RECONCILE else self.merge

    def preferring(self, prefer: Prefer) -> Chosen:
        return replace(self, reconcile=replace(self.reconcile, prefer=prefer), prefers=True)

    @property
    def state(self) -> dict[str, str]:
        """The parameters that mean the same, for links and hidden fields."""
        both = self.reconcile
        values = (self.merge.moves, self.merge.updates, both.moves, both.updates, both.retire, both.overwrite)
        ticked = {name: "1" for name, on in zip(BOXES, values, strict=True) if on}
        state = {} if self._is_default() else {GIVEN: "1", **ticked}
        return state | ({"prefer": str(self.reconcile.prefer)} if self.prefers else {})

    def _is_default(self) -> bool:
        plain = replace(self.reconcile, prefer=Prefer.PLACE)
        return self.merge == _default(Mode.MERGE) and plain == _default(Mode.RECONCILE)


def _prefer(text: str) -> Prefer:
    try:
        return Prefer(text or Prefer.PLACE)
    except ValueError:
        raise InvalidOptions({"prefer": f"{Prefer.PLACE} or {Prefer.OLDEST}, not “{text}”"}) from None
