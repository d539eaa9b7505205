"""Fields of a live workspace put back as they were before a run, where nobody changed them since. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workspaces.core.changes import Change
from workspaces.core.containers.restart_rule import RestartRule
from workspaces.core.differing import Differs
from workspaces.core.json_values import same
from workspaces.core.planning.field_diff import INSIDE, SCHEDULES, Content, FieldDiff, Fields, after_edit
from workspaces.core.planning.plan_rows import Live
from workspaces.core.planning.undo_facts import NOTHING, Memory, Spot

FILES = "files"


def compare_back(
    have: Content,
    live: Live,
    *,
    before: Spot | None,
    after: Spot | None,
    memory: Memory | None,
    is_stored: Callable[[str], bool],
    containers: RestartRule,
) -> FieldDiff | None:
    """The difference between a workspace and what it was before the run: `changes` to make, and as `drift` those that
    are left, because somebody changed them since. None if there is neither a field nor a memory to put back.

    `before` and `after` are the operation's. `is_stored` says of a digest whether these files are still there.
    """
    was, became = before.fields if before else NOTHING, after.fields if after else NOTHING
    changes: list[Change] = []
    left: list[Change] = []
    fields = Fields(have.live)
    for name, value in was.items():
        part, key = part_and_key(name)
        now = _value(have.live, part, key)
        if same(now, value):
            continue
        by_hand = part == SCHEDULES and key in have.by_hand
        gone = part == FILES and bool(value) and not is_stored(value)
        change: Change = {"field": name, "from": now, "to": value}
        if by_hand or gone or not same(now, became.get(name)):
            left.append(change)
        else:
            changes.append(change)
            fields.put(part, key, value)
    back = memory if memory and _stands(live, memory) else None
    if not changes and not left and back is None:
        return None
    declared = back.declared if back else have.declared
    differs = Differs(live.differs)
    if back and not left and live.differs == back.differs_since:
        differs = Differs(back.differs)
    elif changes or back:
        differs = after_edit(have._replace(live=fields.fields, declared=declared), before=differs)
    return FieldDiff(
        changes=tuple(changes),
        drift=tuple(left),
        live=fields.fields,
        declared=declared,
        digest=back.declared_digest if back else live.declared_digest,
        template=back.template if back else live.template,
        effect=containers.effect(changes, external=bool(have.live["external"])),
        remembered=differs,
    )


def part_and_key(field: str) -> tuple[str, str | None]:
    """`spec.model` → `spec`, `model`; `role` → `role`, None."""
    part, dot, key = field.partition(".")
    return (part, key) if dot and part in INSIDE else (field, None)


def _stands(live: Live, memory: Memory) -> bool:
    """Whether the template's word is still the one that the run left."""
    return live.declared_digest == memory.digest_since and live.template == memory.template_since


def _value(says: Mapping[str, Any], part: str, key: str | None) -> Any:
    return says.get(part) if key is None else (says.get(part) or NOTHING).get(key)
