"""The fields of one workspace that change or stay different: field, declared last, live, template, result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workspaces.admin.plan.file_changes import FileChange, Folders, file_changes
from workspaces.admin.plan.plan_row import FieldCell, FieldRow, FieldTable
from workspaces.admin.shared.field_words import field_name, shown
from workspaces.core.containers.restart_rule import Effect, RestartRule
from workspaces.core.planning.field_diff import UNDECIDED, Content, FieldDiff, flat

DRIFT = "changed here, not in the template"
EFFECTS = {
    Effect.NOTHING: "without a restart",
    Effect.DELIVER: "without a restart",
    Effect.RESTART: "restarts the container",
    Effect.RELEASE: "its container goes, the data is kept",
    Effect.BRING: "gets a container",
}


HEADS = ("Declared last", "Live", "Template", "Result")


def field_table(
    diff: FieldDiff | None, have: Content | None, *, folders: Folders, rule: RestartRule
) -> FieldTable | None:
    """None where nothing differs. `rule` says what a change means for the container."""
    if diff is None or have is None or not diff.is_something:
        return None
    rows = tuple(_rows(diff, have, folders=folders, rule=rule))
    left = bool(diff.drift or diff.conflicts)
    return FieldTable(heads=HEADS, rows=rows, is_open=left)


def _rows(diff: FieldDiff, have: Content, *, folders: Folders, rule: RestartRule) -> Iterator[FieldRow]:
    said = flat(have.declared) if have.declared is not None else None
    for changes in (diff.changes, diff.drift, diff.conflicts):
        for change in changes:
            updated = changes is diff.changes
            if updated:
                effect = rule.effect([change], external=bool(have.live.get("external")))
                result = f"update, {EFFECTS[effect]}"
            else:
                result = f"left: {DRIFT if changes is diff.drift else _conflict(change, diff, have)}"
            files = [*file_changes(change, folders)] if change["field"] == "files" else []
            yield from (_file_row(each, result=result, updated=updated) for each in files)
            if not files:
                yield _row(change, said, have, result=result, updated=updated)


def _file_row(each: FileChange, *, result: str, updated: bool) -> FieldRow:
    """Nothing keeps what the template said last about a single file."""
    return _cells(
        f"files › {each.path}",
        declared="–",
        live=each.live,
        template=each.wanted,
        result="left in /config, no longer listed" if updated and each.dropped else result,
        overwrite="" if updated else "the template's",
        updated=updated,
    )


def _row(
    change: Mapping[str, Any], said: Mapping[str, Any] | None, have: Content, *, result: str, updated: bool
) -> FieldRow:
    name, to = change["field"], shown(change["field"], change["to"])
    by_hand = not updated and _is_by_hand(name, have)
    return _cells(
        field_name(name),
        declared="–" if said is None else shown(name, said.get(name)),
        live="a schedule made by hand" if by_hand else shown(name, change["from"]),
        template=to,
        result="left: made by hand, never touched" if by_hand else result,
        overwrite="" if updated or by_hand else to,
        updated=updated,
    )


def _cells(
    field: str, *, declared: str, live: str, template: str, result: str, overwrite: str, updated: bool
) -> FieldRow:
    """The side that decides is tinted: the template's result, or what is live."""
    texts = (declared, live, template, result)
    tones = ("", "" if updated else "ours", "", "new" if updated else "")
    last = len(texts) - 1
    return FieldRow(
        field=field,
        cells=tuple(
            FieldCell(head=head, text=text, tone=tone, overwrite=overwrite if index == last else "")
            for index, (head, text, tone) in enumerate(zip(HEADS, texts, tones, strict=True))
        ),
    )


def _conflict(change: Mapping[str, Any], diff: FieldDiff, have: Content) -> str:
    """The reason why both sides count."""
    if diff.foreign:
        return f"declared by {have.template}"
    if is_met_first(change, have):
        return "met for the first time"
    return "changed here and in the template, differently"


def is_met_first(change: Mapping[str, Any], have: Content) -> bool:
    """Whether no template has declared the field before."""
    return have.declared is None or change["field"] in have.declared.get(UNDECIDED, ())


def _is_by_hand(name: str, have: Content) -> bool:
    kind, _, schedule = name.partition(".")
    return kind == "schedules" and schedule in have.by_hand
