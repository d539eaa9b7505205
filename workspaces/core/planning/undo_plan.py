"""The plan of an undo, decided here and nowhere else: what a run did + what is live now → `Plan`.

Operations are taken back one by one: what was removed comes back under its id, what was created goes, what was moved or
changed is put back where nobody changed it since. `undo_places` says what stands in the way, `undo_fields` looks at the
fields. What cannot be taken back is a row with its reason, and the rest is undone without it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from lib.text import listed
from workspaces.core.containers.data_policy import DataFate
from workspaces.core.containers.restart_rule import NO_CONTAINERS, RestartRule
from workspaces.core.names import SEPARATOR
from workspaces.core.planning.field_diff import Content
from workspaces.core.planning.match_sides import TOP
from workspaces.core.planning.operations import Kind
from workspaces.core.planning.plan_rows import PLANNED, Action, Live, Reason, Row
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.planning.removal_plan import NO_TEMPLATE
from workspaces.core.planning.undo_facts import PastFacts, PastRow
from workspaces.core.planning.undo_fields import FieldsBack, compare_back
from workspaces.core.planning.undo_places import Obstacle, Settlement
from workspaces.core.planning.undo_steps import UndoSteps, spot_of
from workspaces.core.planning.undo_words import (
    AS_BEFORE,
    BACK_ALREADY,
    NOT_OF_THAT_RUN,
    WORDS,
    held_by,
    returning,
    words_of,
)

LACKING = (Obstacle.PARENT_GONE, Obstacle.PARENT_GOES)


def plan_undo(
    *,
    past: PastFacts,
    have: Collection[Live],
    contents: Mapping[UUID, Content],
    last_run: UUID | None = None,
    containers: RestartRule = NO_CONTAINERS,
) -> Plan:
    """Decide what taking back `past.done` does to `have`, all live rows of the organization. Pure and stable.

    `contents` are the fields of those in `fields_needed`.
    """
    steps = UndoSteps(past, have)
    rows = _Rows(steps, steps.way.settle(), past, contents, containers).all()
    fingerprint = _fingerprint(past, have, contents, last_run)
    return Plan(mode=Mode.UNDO, template=NO_TEMPLATE, rows=tuple(rows), warnings=(), fingerprint=fingerprint)


def fields_needed(past: PastFacts, have: Collection[Live]) -> set[UUID]:
    """The live workspaces whose fields, or whose template's last word, may have to be put back."""
    changed = {each.workspace for each in past.done if each.before and each.after and each.before.fields}
    return {row.id for row in have if row.id in changed or row.id in past.memories}


class _Rows:
    """The tree as it will be, with what goes where it stands now, and what cannot come back where it stood."""

    def __init__(
        self,
        steps: UndoSteps,
        outcome: Settlement,
        past: PastFacts,
        contents: Mapping[UUID, Content],
        containers: RestartRule,
    ) -> None:
        self._steps, self._outcome, self._past = steps, outcome, past
        self._contents, self._containers = contents, containers
        # Removed ones as if they lived, with their status. What the run had made, and is gone, is none of them.
        gone = {key: _as_live(row) for key, row in steps.removed.items() if steps.is_shown(key)}
        self._all = {**gone, **steps.live}
        self._below: defaultdict[int, list[int]] = defaultdict(list)
        self._before = _Trails(steps.live)

    def all(self) -> list[Row]:
        for key in self._all:
            above = self._spot(key)[0]
            self._below[above if above in self._all else TOP].append(key)
        rows: list[Row] = []
        left = dict.fromkeys(self._all)
        stack: list[tuple[int | None, int]] = self._pending(TOP, None)
        while stack or left:
            if not stack:  # a database written by hand: rows in a cycle have no topmost one
                stack.append((None, min(left)))
            parent, key = stack.pop()
            if key not in left:
                continue
            del left[key]
            if below := self._pending(key, len(rows)):
                stack += below
            rows.append(self._row(key, parent, rows))
        return rows

    def _pending(self, above: int, index: int | None) -> list[tuple[int | None, int]]:
        below = self._below.get(above)
        if not below:
            return []
        return [(index, key) for key in sorted(below, key=lambda key: (self._spot(key)[1], key), reverse=True)]

    def _spot(self, key: int) -> tuple[int, str]:
        """The place where it is shown: where it will be, or stands now if it goes; else where it stood."""
        if key in self._outcome.going or key not in self._steps.live:
            live = self._all[key]
            return spot_of(live.parent_id, live.name)
        return self._steps.way.spot(key)

    def _row(self, key: int, parent: int | None, rows: list[Row]) -> Row:
        live, name = self._all[key], self._spot(key)[1]
        above = rows[parent] if parent is not None else None
        trail = (*above.trail, name) if above else (name,)
        lacks_parent = self._outcome.blocked.get(key) in LACKING
        before = self._before.of(key) or trail
        row = Row(Action.UNTOUCHED, trail, parent, None, live, before=before, lacks_parent=lacks_parent)
        if key in self._outcome.going:
            reason = self._steps.removing.get(key, Reason.COLLATERAL)
            action = Action.COLLATERAL if reason is Reason.COLLATERAL else Action.REMOVE
            return row._replace(action=action, reason=reason, note=WORDS[reason])
        if key not in self._steps.live:
            return self._comes_back(key, row)
        kept = self._kept(key, row, along=_along(above))
        return self._held(key, kept) if key in self._outcome.held else kept

    def _held(self, key: int, kept: Row) -> Row:
        """One that would go but for another one below it. What the run had changed in it is put back."""
        holder = self._outcome.held[key]
        reason = self._steps.removing.get(key, Reason.COLLATERAL)
        is_protected = self._all[holder].protected and holder not in self._outcome.blocked
        note = held_by(self._all[holder].name, itself=holder == key, protected=is_protected)
        if kept.action is Action.UPDATE or kept.obstacle:
            return kept._replace(note=f"{kept.note}; {note}")
        obstacle = "" if reason is Reason.COLLATERAL else note
        return kept._replace(
            action=Action.HELD, reason=reason, holder=self._before.of(holder), note=note, obstacle=obstacle
        )

    def _comes_back(self, key: int, row: Row) -> Row:
        obstacle = self._obstacle(key)
        if obstacle:
            return row._replace(action=Action.CANNOT, note=obstacle, obstacle=obstacle)
        removed = self._steps.removed[key]
        lost = removed.data is DataFate.DESTROYED
        return row._replace(action=Action.RESTORE, note=returning(lost=lost, node=removed.node), data_lost=lost)

    def _kept(self, key: int, row: Row, *, along: str) -> Row:
        """A live one that stays, at its place or at another one."""
        moves = key in self._steps.moving and key not in self._outcome.blocked
        back, obstacle = self._difference(key), self._obstacle(key)
        diff = back.diff if back else None
        if back:
            obstacle = "; ".join(filter(None, (obstacle, back.obstacle)))
        changed, is_concerned = bool(diff and diff.changes), key in self._steps.done
        said = [
            f"from {SEPARATOR.join(row.before or row.trail)}" if moves else "",
            f"comes along with {along}" if along and not moves else "",
            f"put back: {listed([each['field'] for each in diff.changes])}" if diff and changed else "",
            obstacle,
        ]
        note = "; ".join(filter(None, said)) or (AS_BEFORE if is_concerned else NOT_OF_THAT_RUN)
        still = "" if obstacle == BACK_ALREADY else obstacle
        action = _action(moves=moves, changed=changed, cannot=bool(still), is_concerned=is_concerned)
        return row._replace(action=action, diff=diff, note=note, obstacle=still, along=along)

    def _obstacle(self, key: int) -> str:
        if known := self._steps.obstacles.get(key):
            return known
        blocked = self._outcome.blocked.get(key)
        if not blocked:
            return ""
        stood_below = self._steps.done[key].trail[:-1] if key in self._steps.removed else ()
        return words_of(blocked, name=self._steps.way.wanted_name(key), stood_below=stood_below)

    def _difference(self, key: int) -> FieldsBack | None:
        live, done = self._steps.live[key], self._steps.done.get(key)
        have, memory = self._contents.get(live.id), self._past.memories.get(live.id)
        if have is None:
            return None
        changing = done if done and done.kind in (Kind.MOVE, Kind.UPDATE) else None
        return compare_back(
            have,
            live,
            before=changing.before if changing else None,
            after=changing.after if changing else None,
            memory=memory,
            is_stored=self._past.files.__contains__,
            containers=self._containers,
        )


class _Trails:
    """The names from the root to each live workspace as they are now, each made once."""

    def __init__(self, live: Mapping[int, Live]) -> None:
        self._live, self._known = live, dict[int, tuple[str, ...]]()

    def of(self, key: int) -> tuple[str, ...]:
        line: list[int] = []
        seen: set[int] = set()
        while key in self._live and key not in self._known and key not in seen:
            seen.add(key)
            line.append(key)
            parent = self._live[key].parent_id
            key = parent.int if parent else TOP
        above = self._known.get(key, ())
        for each in reversed(line):
            above = self._known[each] = (*above, self._live[each].name)
        return above


def _action(*, moves: bool, changed: bool, cannot: bool, is_concerned: bool) -> Action:
    if moves:
        return Action.MOVE
    if changed:
        return Action.UPDATE
    return Action.CANNOT if cannot else Action.KEEP if is_concerned else Action.UNTOUCHED


def _along(above: Row | None) -> str:
    return "" if above is None else above.name if above.action is Action.MOVE else above.along


def _as_live(row: PastRow) -> Live:
    return Live(row.id, row.parent_id, row.name, row.protected, status="removed", tier=row.tier)


def _fingerprint(past: PastFacts, have: Iterable[Live], contents: Mapping[UUID, Content], last_run: UUID | None) -> str:
    """SHA-256 (hex) over all that the plan reads and that can change: the live rows, the removed ones with the state of
    their data, the fields, the runs that did the same again, and the last run that changed something."""
    digest = hashlib.sha256(f"{Mode.UNDO} {last_run}".encode())
    seen = sorted((row.id.int, row.parent_id and row.parent_id.int, *row[2:PLANNED]) for row in have)
    gone = sorted((key.int, str(row[1:])) for key, row in past.removed.items())
    done = [(str(each.run), str(each.kind), each.workspace.int) for each in past.done]
    fields = [[key.hex, *map(_fact, content)] for key, content in sorted(contents.items())]
    again = sorted(key.hex for key in past.again)
    for read in (repr(seen), repr(gone), repr(done), _CANONICAL.encode(fields), repr(sorted(past.files)), repr(again)):
        digest.update(read.encode(errors="surrogatepass"))
    return digest.hexdigest()


def _fact(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


_CANONICAL = json.JSONEncoder(sort_keys=True, check_circular=False)  # a database may give keys in another order
