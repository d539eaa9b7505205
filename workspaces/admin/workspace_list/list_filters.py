"""What the address of the workspace list asks for."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from workspaces.admin.shared.tree_order import Spot
from workspaces.core.names import fold_spaces, sought_name
from workspaces.core.planning.plan_values import SEPARATOR
from workspaces.models import Status

LIVE, EVERY = "live", "all"
BY_IMPORT, BY_HAND = "import", "hand"
FAILING = "failing"
STATUSES = (LIVE, *(str(status) for status in Status), EVERY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What the address asks for."""

    find: str = ""
    organization: str = ""
    status: str = LIVE
    twice: bool = False
    by: str = ""
    failing: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        failing = query.get("container") == FAILING
        usual = EVERY if failing else LIVE  # what could not be released is removed
        status = query.get("status", usual)
        return cls(
            find=sought_name(query.get("q", "").replace("\0", "")),
            organization=query.get("org", ""),
            status=status if status in STATUSES else usual,
            twice=query.get("names") == "twice",
            by=by if (by := query.get("by", "")) in (BY_IMPORT, BY_HAND) else "",
            failing=failing,
        )

    @property
    def narrow(self) -> bool:
        """Whether a row is shown for itself, with what stands above it as context."""
        return bool(self.find or self.twice or self.by or self.failing or self.status not in (LIVE, EVERY))

    def wants(self, spot: Spot, *, twice: bool) -> bool:
        return self._wants_status(spot.stem.status) and (twice or not self.twice) and self._finds(spot)

    def _wants_status(self, status: str) -> bool:
        return self.status in (LIVE, EVERY, status)

    def _finds(self, spot: Spot) -> bool:
        """By name, by the beginning of the id, or by path where a path is asked for."""
        text = self.find.casefold()
        where = spot.path if SEPARATOR.strip() in text else spot.name
        return not text or text in fold_spaces(where).casefold() or str(spot.id).startswith(text)
