"""The lines of home and of an organization's page about the data of removed workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lib.text import plural
from workspaces.admin.shared.data_words import is_over, size
from workspaces.services.removal.kept_data import KeptTotal, Pile, total_of

MOST_PARTS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticePart:
    """One organization's data that waits."""

    slug: str
    name: str
    amount: str
    first: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptNotice:
    """`waits` and `kept` begin the two sentences, "" for none. `first`: when the first data is destroyed; `parts`: the
    organizations with the nearest deadlines, if there are several; `org`: the slug of the only one."""

    waits: str
    kept: str
    first: datetime | None
    parts: tuple[NoticePart, ...]
    org: str

    def __bool__(self) -> bool:
        return bool(self.waits or self.kept)

    @property
    def is_over(self) -> bool:
        """Whether the first deadline has passed, and no worker has come to it yet."""
        return is_over(self.first)


def kept_notice(totals: Sequence[KeptTotal]) -> KeptNotice:
    """The notice about these: how much waits to be destroyed, until when; and how much is kept for good."""
    waits, kept = total_of(totals)
    each = [(total.waits.first, total) for total in totals if total.waits.first]
    nearest = sorted(each, key=lambda pair: pair[0]) if len(each) > 1 else []
    return KeptNotice(
        waits=amount_of(waits) if waits else "",
        kept=amount_of(kept) if kept else "",
        first=waits.first,
        parts=tuple(_part(total, first) for first, total in nearest[:MOST_PARTS]),
        org=totals[0].organization.slug if len(totals) == 1 else "",
    )


def amount_of(pile: Pile) -> str:
    """`2.9 GB of 11 removed workspaces`; volumes that were not measured are told."""
    of = f"more than {pile.count.number:,} removed workspaces" if pile.count.more else _removed(pile.count.number)
    if pile.bytes is None:
        return f"The data of {of}, not measured yet,"
    unknown = f", {pile.unmeasured:,} of them not measured yet," if pile.unmeasured else ""
    return f"{size(pile.bytes) if pile.bytes else 'The empty volumes'} of {of}{unknown}"


def _removed(number: int) -> str:
    return plural(number, "removed workspace")


def _part(total: KeptTotal, first: datetime) -> NoticePart:
    here = total.organization
    return NoticePart(slug=here.slug, name=here.name, amount=size(total.waits.bytes), first=first)
