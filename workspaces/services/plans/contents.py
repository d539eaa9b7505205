"""The fields of live workspaces, in the shape in which a template declares them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from workspaces.core.planning.field_diff import Content
from workspaces.core.template import TIMED
from workspaces.models import Schedule, Workspace

COLUMNS = ("role", "tier", "runtime", "model", "external", "url", "spec", "files")


def read_contents(ids: Collection[UUID]) -> dict[UUID, Content]:
    """Two queries, for any number; none for none."""
    if not ids:
        return {}
    declared, by_hand = _schedules(ids)
    rows = Workspace.objects.filter(id__one_of=ids).order_by().values_list("id", "declared", "template", *COLUMNS)
    return {
        key: Content(
            {**dict(zip(COLUMNS, values, strict=True)), "files": values[-1] or "", "schedules": declared.get(key, {})},
            last_said,
            frozenset(by_hand.get(key, ())),
            template,
        )
        for key, last_said, template, *values in rows
    }


def _schedules(ids: Collection[UUID]) -> tuple[dict[UUID, dict[str, Any]], dict[UUID, set[str]]]:
    """By workspace: those of its template, by name, and the names of those that people made."""
    declared: defaultdict[UUID, dict[str, Any]] = defaultdict(dict)
    by_hand: defaultdict[UUID, set[str]] = defaultdict(set)
    rows = Schedule.objects.filter(workspace__one_of=ids).order_by("name")
    for key, name, source, *values in rows.values_list("workspace", "name", "source", *TIMED):
        if source == Schedule.Source.TEMPLATE:
            declared[key][name] = dict(zip(TIMED, values, strict=True))
        else:
            by_hand[key].add(name)
    return declared, by_hand
