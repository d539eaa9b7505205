"""The fields that an undo puts back, and those that it leaves: before, as the run made it, live, result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from workspaces.admin.plan.file_changes import Folders, file_changes
from workspaces.admin.plan.plan_row import FieldCell, FieldRow, FieldTable
from workspaces.admin.shared.field_words import field_name, shown
from workspaces.core.changes import Change
from workspaces.core.json_values import same
from workspaces.core.planning.field_diff import FieldDiff
from workspaces.services.undo.since import Changers

BACK = "put back"
LEFT = "left: changed here since"
BY_HAND = "a schedule made by hand has"


def back_fields(
    diff: FieldDiff | None,
    *,
    made: Mapping[str, Any],
    changers: Changers,
    folders: Folders,
    number: int,
    obstacle: str,
) -> FieldTable | None:
    """None where no field is concerned. `made` are the fields as run `number` left them; the plan's `obstacle` says why
    some stay as they are."""
    if diff is None or not (diff.changes or diff.drift):
        return None
    heads = (f"Before #{number}", f"#{number} made it", "Live", "Result")
    rows = tuple(
        row
        for changes, left in ((diff.changes, False), (diff.drift, True))
        for change in changes
        for row in _rows(change, heads, _left(change, made, changers, obstacle) if left else "", made, folders)
    )
    return FieldTable(heads=heads, rows=rows, is_open=bool(diff.drift))


def _left(change: Change, made: Mapping[str, Any], changers: Changers, obstacle: str) -> str:
    """The reason why it stays as it is."""
    name = change["field"]
    if name.startswith("schedules.") and change["from"] is None and BY_HAND in obstacle:
        return f"left: {BY_HAND} its name: rename or delete that one first"
    if name == "files" and name in made and same(change["from"], made[name]):
        return "left: the files it had are no longer stored: import them again"
    return f"{LEFT}{_by(changers.get(name))}"


def _rows(
    change: Change, heads: tuple[str, ...], left: str, made: Mapping[str, Any], folders: Folders
) -> Iterator[FieldRow]:
    """`left` says why it stays as it is, "" if it is put back."""
    name, result = change["field"], left or BACK
    files = [*file_changes(change, folders)] if name == "files" else []
    for each in files:
        texts = (each.wanted, "–" if left else each.live, each.live, result)
        yield _row(f"files › {each.path}", heads, texts, left=bool(left))
    if not files:
        live = shown(name, change["from"])
        texts = (shown(name, change["to"]), shown(name, made.get(name)) if left else live, live, result)
        yield _row(field_name(name), heads, texts, left=bool(left))


def _row(field: str, heads: tuple[str, ...], texts: tuple[str, ...], *, left: bool) -> FieldRow:
    """The side that decides is tinted: what was before, or what people made of it since."""
    tones = ("", "", "ours" if left else "", "" if left else "new")
    cells = zip(heads, texts, tones, strict=True)
    return FieldRow(field=field, cells=tuple(FieldCell(head=head, text=text, tone=tone) for head, text, tone in cells))


def _by(changer: tuple[str, datetime] | None) -> str:
    """` by olga, 28 Nov`"""
    if changer is None:
        return ""
    actor, when = changer
    return f" by {actor}, {date_format(timezone.localtime(when), 'j M H:i')}"
