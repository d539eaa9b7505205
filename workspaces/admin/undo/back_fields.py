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
from workspaces.core.planning.field_diff import FieldDiff
from workspaces.services.undo.since import Changers

BACK = "put back"
LEFT = "left: changed here since"


def back_fields(
    diff: FieldDiff | None, *, made: Mapping[str, Any], changers: Changers, folders: Folders, number: int
) -> FieldTable | None:
    """None where no field is concerned. `made` are the fields as run `number` left them."""
    if diff is None or not (diff.changes or diff.drift):
        return None
    heads = (f"Before #{number}", f"#{number} made it", "Live", "Result")
    rows = tuple(
        row
        for changes, left in ((diff.changes, False), (diff.drift, True))
        for change in changes
        for row in _rows(change, heads, left=left, made=made, changers=changers, folders=folders)
    )
    return FieldTable(heads=heads, rows=rows, is_open=bool(diff.drift))


def _rows(
    change: Change,
    heads: tuple[str, ...],
    *,
    left: bool,
    made: Mapping[str, Any],
    changers: Changers,
    folders: Folders,
) -> Iterator[FieldRow]:
    name = change["field"]
    result = f"{LEFT}{_by(changers.get(name))}" if left else BACK
    files = [*file_changes(change, folders)] if name == "files" else []
    for each in files:
        texts = (each.wanted, "–" if left else each.live, each.live, result)
        yield _row(f"files › {each.path}", heads, texts, left=left)
    if not files:
        live = shown(name, change["from"])
        texts = (shown(name, change["to"]), shown(name, made.get(name)) if left else live, live, result)
        yield _row(field_name(name), heads, texts, left=left)


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
