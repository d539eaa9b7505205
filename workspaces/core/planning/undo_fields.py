"""Fields of a live workspace put back as they were before a run, where nobody changed them since. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from workspaces.core.changes import Change
from workspaces.core.containers.restart_rule import RestartRule
from workspaces.core.differing import Differs
from workspaces.core.json_values import same
from workspaces.core.planning.field_diff import INSIDE, SCHEDULES, Content, FieldDiff, Fields, after_edit
from workspaces.core.planning.plan_rows import Live
from workspaces.core.planning.undo_facts import NOTHING, Memory, Spot
from workspaces.core.planning.undo_words import fields_left

FILES = "files"


class FieldsBack(NamedTuple):
    """The difference, and why some fields are left as they are: "" if none are."""

    diff: FieldDiff
    obstacle: str


def compare_back(
    have: Content,
    live: Live,
    *,
    before: Spot | None,
    after: Spot | None,
    memory: Memory | None,
    is_stored: Callable[[str], bool],
    containers: RestartRule,
) -> FieldsBack | None:
    """The difference between a workspace and what it was before the run: `changes` to make, and as `drift` those that
    are left. None if there is neither a field nor a memory to put back.

    `before` and `after` are the operation's. `is_stored` says of a digest whether these files are still there.
    """
    was, became = before.fields if before else NOTHING, after.fields if after else NOTHING
    changes: list[Change] = []
    left: list[Change] = []
    changed_since: list[str] = []
    by_hand: list[str] = []
    without_files = False
    fields = Fields(have.live)
    for name, value in was.items():
        part, key = part_and_key(name)
        now = _value(have.live, part, key)
        if same(now, value):
            continue
        change: Change = {"field": name, "from": now, "to": value}
        if part == SCHEDULES and key in have.by_hand:
            by_hand.append(str(key))
        elif not same(now, became.get(name)):
            changed_since.append(name)
        elif part == FILES and value and not is_stored(value):
            without_files = True
        else:
            changes.append(change)
            fields.put(part, key, value)
            continue
        left.append(change)
    back = memory if memory and _stands(live, memory) else None
    if not changes and not left and back is None:
        return None
    declared = back.declared if back else have.declared
    after_undo = have._replace(live=fields.fields, declared=declared)
    diff = FieldDiff(
        changes=tuple(changes),
        drift=tuple(left),
        live=fields.fields,
        declared=declared,
        digest=back.declared_digest if back else live.declared_digest,
        template=back.template if back else live.template,
        effect=containers.effect(changes, external=bool(have.live["external"])),
        remembered=after_edit(after_undo, before=Differs(back.differs if back else live.differs)),
    )
    return FieldsBack(diff, fields_left(changed_since, by_hand=by_hand, without_files=without_files))


def part_and_key(field: str) -> tuple[str, str | None]:
    """`spec.model` → `spec`, `model`; `role` → `role`, None."""
    part, dot, key = field.partition(".")
    return (part, key) if dot and part in INSIDE else (field, None)


def _stands(live: Live, memory: Memory) -> bool:
    """Whether the template's word is still the one that the run left."""
    return live.declared_digest == memory.digest_since and live.template == memory.template_since


def _value(says: Mapping[str, Any], part: str, key: str | None) -> Any:
    return says.get(part) if key is None else (says.get(part) or NOTHING).get(key)
