"""The contexts of the pages about kept data: the list with its totals, and the confirmation of a purge by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator

from lib.text import listed, plural
from workspaces.admin.shared.data_words import size
from workspaces.services.removal.kept_data import KeptRows, KeptTotal, KeptVolumes, totals_for

if TYPE_CHECKING:
    from workspaces.access import AnyUser

ROWS = 100  # on a page
MOST_AT_ONCE = 500  # that one form destroys; the command takes any number


@dataclass(frozen=True, kw_only=True)
class KeptView:
    """The list of one organization, or of all the user may see (`slug` ""). Ten queries at most."""

    user: AnyUser
    slug: str
    number: str

    @cached_property
    def totals(self) -> list[KeptTotal]:
        return totals_for(self.user)

    @cached_property
    def shown(self) -> list[KeptTotal]:
        return [each for each in self.totals if self.slug in ("", each.organization.slug)]

    @property
    def of(self) -> str:
        """The name of the chosen organization; "" for all, and for one without any."""
        return self.shown[0].organization.name if self.slug and self.shown else ""

    @cached_property
    def page(self) -> Page[KeptVolumes]:
        rows: Any = KeptRows(totals=self.shown)
        return Paginator(rows, ROWS).get_page(self.number)


@dataclass(frozen=True, kw_only=True)
class PurgeView:
    """The workspaces whose data a person wants to destroy now."""

    rows: Sequence[KeptVolumes]
    chosen: int

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def without(self) -> int:
        """The number of chosen ones that have no data any more."""
        return self.chosen - self.count

    @property
    def organizations(self) -> str:
        return listed(list(dict.fromkeys(row.organization for row in self.rows)))

    @property
    def amount(self) -> str:
        """`1.1 GB`, `1.1 GB, and 2 not measured yet`"""
        known = [row.tombstone.bytes for row in self.rows if row.tombstone.bytes is not None]
        unknown = self.count - len(known)
        if not unknown:
            return size(sum(known))
        return f"{size(sum(known))}, and {unknown:,} not measured yet" if known else size(None)

    @property
    def button(self) -> str:
        return f"Destroy the data of {plural(self.count, 'workspace')}"
