"""Who else has the names on a page, asked for these names alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from lib.case_insensitive import Folded
from workspaces.admin.shared.tree_order import COLUMNS, Spot, Stem
from workspaces.admin.workspace_list.list_rows import identity
from workspaces.models import Organization, Status, Workspace

NEWEST = 5  # of each name: one that came later says that the others are left over

Names = Mapping[tuple[str, str], Sequence[Spot]]


def twins_of(
    spots: Sequence[Spot], organizations: Sequence[Organization]
) -> tuple[Names, Mapping[tuple[str, str], int]]:
    """The newest live ones of each name of the page that is used twice, and how many have it. Trails are short."""
    ids = [spot.id for spot in spots if spot.stem.status != Status.REMOVED]
    if not ids:
        return {}, {}
    named: dict[tuple[str, str], list[Spot]] = {}
    used: dict[tuple[str, str], int] = {}
    for *values, above, count in _rows(ids, organizations):
        stem = Stem(*values)
        spot = Spot(stem, (above, stem.name) if above else (stem.name,), None, 0)
        named.setdefault(identity(spot), []).append(spot)
        used[identity(spot)] = count
    wanted = {identity(spot) for spot in spots}
    twice = {key: same for key, same in named.items() if key in wanted and used[key] > 1}
    return twice, used


def _rows(ids: Sequence[UUID], organizations: Sequence[Organization]) -> Sequence[Any]:
    here = Workspace.objects.filter(id__one_of=ids).order_by().values(folded=Folded("name"))
    same = Workspace.objects.live().filter(organization__in=[each.pk for each in organizations])
    name = [F("organization"), F("name")]
    counted = (
        same.order_by()
        .alias(folded=Folded("name"))
        .filter(folded__in=here)
        .annotate(
            used=Window(Count("*"), partition_by=name),
            place=Window(RowNumber(), partition_by=name, order_by=F("created_at").desc()),
        )
        .filter(used__gt=1, place__lte=NEWEST)
    )
    return list(counted.values_list(*COLUMNS, "parent__name", "used"))
