"""The three-way rule: what the template changes in a live workspace, field by field, and not what people changed.

| template | declared last | live | result |
|---|---|---|---|
| as live | any | any | nothing |
| changed | as live | unchanged | update |
| unchanged | not as live | changed here | drift: left and told |
| changed | not as live | changed here | conflict: left and told |

`overwrite` takes the template's side of drift and conflict, too. A field is `role`, `files`, `spec.KEY` or
`schedules.NAME`; a key or a schedule that is not there is None.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from workspaces.core.changes import Change
from workspaces.core.containers.restart_rule import RESTARTING, Effect
from workspaces.core.differing import Differs as Differs
from workspaces.core.json_values import same
from workspaces.core.template import Node, digest_of

PLAIN = ("role", "tier", "runtime", "model", "external", "url", "files")
INSIDE = ("spec", "schedules")  # their keys are fields
PARTS = (*PLAIN, *INSIDE)
UNDECIDED = "undecided"
_INSIDE = tuple(f"{part}." for part in INSIDE)


class Content(NamedTuple):
    """A live workspace as it is, and as the template called `template` last said it (None: nothing ever did).

    Both have the shape of `Node.declared`; `declared` may have UNDECIDED besides, a list of fields. `by_hand` are the
    names of schedules that people made; they are in neither.
    """

    live: Mapping[str, Any]
    declared: Mapping[str, Any] | None
    by_hand: frozenset[str] = frozenset()
    template: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldDiff:
    """Once `changes` are made, the workspace is as `live` says, and `declared` is what the template last said that is
    called `template`. `foreign`: another template declared it, and keeps it: then nothing of this is remembered.
    `digest` is that of `declared`, "" if it has to be made yet. `overwritten` are changed fields of people, `effect` is
    what the changes mean for its container.
    """

    changes: tuple[Change, ...] = ()
    drift: tuple[Change, ...] = ()
    conflicts: tuple[Change, ...] = ()
    live: Mapping[str, Any]
    declared: Mapping[str, Any]
    digest: str = ""
    template: str
    foreign: bool = False
    effect: Effect = Effect.NOTHING
    overwritten: tuple[str, ...] = ()

    @property
    def is_something(self) -> bool:
        return bool(self.changes or self.drift or self.conflicts)

    @property
    def declared_digest(self) -> str:
        return self.digest or digest_of(self.declared)

    @property
    def restarts(self) -> bool:
        """Whether its present container goes, or another one comes."""
        return self.effect in RESTARTING

    @property
    def differs(self) -> Differs:
        """How the workspace is not what the template says, once the changes are made."""
        return Differs.CONFLICT if self.conflicts else Differs.DRIFT if self.drift else Differs.NOT


def compare(node: Node, have: Content, *, ours: Sequence[str] = ("",), overwrite: bool = False) -> FieldDiff:
    """Compare a node with the workspace that it matched. `ours` are the names of its template, the present one first;
    what another one declared stays that one's, unless it is overwritten.
    """
    foreign = have.template not in ("", *ours)
    declared = node.declared()
    parts = _not_settled(declared, have)
    want, live = flat(declared, parts), flat(have.live, parts)
    last = _Last(have.declared, parts)
    found: dict[_Kind, list[Change]] = {kind: [] for kind in _Kind}
    overwritten: list[str] = []
    for name in dict.fromkeys((*want, *live, *last.fields)):
        to, now = want.get(name), live.get(name)
        if _is_by_hand(name, have):
            if to is None:
                last.now_says(name, None)
            else:
                found[_Kind.CONFLICT].append({"field": name, "from": None, "to": to})
        elif same(to, now):
            last.now_says(name, to)
        else:
            kind = _Kind.CONFLICT if foreign else last.kind(name, to, now)
            if overwrite and kind is not _Kind.CHANGE:
                kind = _Kind.CHANGE
                overwritten.append(name)
            found[kind].append({"field": name, "from": now, "to": to})
            if kind is _Kind.CHANGE:
                last.now_says(name, to)
                _put(live, name, to)
            else:
                last.leave(name)
    stays = foreign and not overwrite
    left = found[_Kind.DRIFT] or found[_Kind.CONFLICT]
    return FieldDiff(
        changes=tuple(found[_Kind.CHANGE]),
        drift=tuple(found[_Kind.DRIFT]),
        conflicts=tuple(found[_Kind.CONFLICT]),
        live={**have.live, **nested(live, parts)},
        declared=have.declared if stays and have.declared is not None else last.as_declared() if left else declared,
        digest="" if stays or left else node.digest,
        template=have.template if stays else ours[0],
        foreign=stays,
        overwritten=tuple(overwritten),
    )


def after_edit(have: Content, *, before: Differs) -> Differs:
    """How a workspace that a person changed differs now. A conflict stays one: only an import knows what its template
    says now."""
    if have.declared is None or before is Differs.CONFLICT:
        return before
    return Differs.NOT if same(flat(have.live), flat(have.declared)) else Differs.DRIFT


class _Kind(Enum):
    CHANGE = "change"
    DRIFT = "drift"
    CONFLICT = "conflict"


class _Last:
    """The last word of the template, field by field. `undecided` are fields of an adopted workspace that were in
    conflict when it was first compared: the template never said anything about them that counts.
    """

    def __init__(self, declared: Mapping[str, Any] | None, parts: Collection[str]) -> None:
        self.said = flat(declared or {}, parts)
        self._declared, self._parts = declared or {}, parts
        self._adopted = declared is None
        self._undecided = dict.fromkeys((declared or {}).get(UNDECIDED, ()))

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.said, *self._undecided)

    def kind(self, name: str, to: Any, now: Any) -> _Kind:
        """By the table above; one that is adopted gets what it lacks altogether."""
        if self._adopted or name in self._undecided:
            return _Kind.CHANGE if now is None and name.startswith(_INSIDE) else _Kind.CONFLICT
        last = self.said.get(name)
        if same(last, now):
            return _Kind.CHANGE
        return _Kind.DRIFT if same(last, to) else _Kind.CONFLICT

    def now_says(self, name: str, value: Any) -> None:
        self._undecided.pop(name, None)
        _put(self.said, name, value)

    def leave(self, name: str) -> None:
        if self._adopted:
            self._undecided[name] = None

    def as_declared(self) -> dict[str, Any]:
        said = {**self._declared, **nested(self.said, self._parts), UNDECIDED: sorted(self._undecided)}
        if not self._undecided:
            del said[UNDECIDED]
        return said


def _is_by_hand(name: str, have: Content) -> bool:
    return bool(have.by_hand) and name.startswith("schedules.") and name.removeprefix("schedules.") in have.by_hand


def _not_settled(declared: Mapping[str, Any], have: Content) -> Collection[str]:
    """The parts to look at field by field. In all others the template says what is live, and what it said last."""
    last = have.declared
    if last is None or last.get(UNDECIDED) or have.by_hand:
        return PARTS
    live = have.live
    return [
        part for part in PARTS if not (same(declared[part], live.get(part)) and same(declared[part], last.get(part)))
    ]


def flat(said: Mapping[str, Any], parts: Collection[str] = PARTS) -> dict[str, Any]:
    """Field → value; without the keys and schedules that are not there, or null, which is the same."""
    fields = {name: said.get(name) for name in PLAIN if name in parts}
    for part in INSIDE:
        if part in parts:
            fields |= {f"{part}.{key}": value for key, value in (said.get(part) or {}).items() if value is not None}
    return fields


def nested(fields: Mapping[str, Any], parts: Collection[str] = PARTS) -> dict[str, Any]:
    """The other way round: these parts in the shape of `Node.declared`."""
    said: dict[str, Any] = {part: {} if part in INSIDE else fields.get(part) for part in parts}
    for name, value in fields.items():
        part, dot, key = name.partition(".")
        if dot:
            said[part][key] = value
    return said


def _put(fields: dict[str, Any], name: str, value: Any) -> None:
    if value is None and "." in name:
        fields.pop(name, None)
    else:
        fields[name] = value
