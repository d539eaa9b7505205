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

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from workspaces.core.changes import Change
from workspaces.core.containers.restart_rule import NO_CONTAINERS, RESTARTING, Effect, RestartRule
from workspaces.core.differing import Differs as Differs
from workspaces.core.json_values import same
from workspaces.core.template import Node, digest_of

PLAIN = ("role", "tier", "runtime", "model", "external", "url", "files")
SCHEDULES = "schedules"
INSIDE = ("spec", SCHEDULES)  # their keys are fields
PARTS = (*PLAIN, *INSIDE)
UNDECIDED = "undecided"


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
    what the changes mean for its container. `remembered`: how it differs then, if that is not told by drift and
    conflicts, but by what a run remembers.
    """

    changes: tuple[Change, ...] = ()
    drift: tuple[Change, ...] = ()
    conflicts: tuple[Change, ...] = ()
    live: Mapping[str, Any]
    declared: Mapping[str, Any] | None
    digest: str = ""
    template: str
    foreign: bool = False
    effect: Effect = Effect.NOTHING
    overwritten: tuple[str, ...] = ()
    remembered: Differs | None = None

    @property
    def is_something(self) -> bool:
        return bool(self.changes or self.drift or self.conflicts)

    @property
    def declared_digest(self) -> str:
        return self.digest or ("" if self.declared is None else digest_of(self.declared))

    @property
    def restarts(self) -> bool:
        """Whether its present container goes, or another one comes."""
        return self.effect in RESTARTING

    @property
    def differs(self) -> Differs:
        """How the workspace is not what the template says, once the changes are made."""
        if self.remembered is not None:
            return self.remembered
        return Differs.CONFLICT if self.conflicts else Differs.DRIFT if self.drift else Differs.NOT


def compare(
    node: Node,
    have: Content,
    *,
    ours: Sequence[str] = ("",),
    overwrite: bool = False,
    containers: RestartRule = NO_CONTAINERS,
) -> FieldDiff:
    """Compare a node with the workspace that it matched. `ours` are the names of its template, the present one first;
    what another one declared stays that one's, unless it is overwritten. `containers` says what the changes mean for
    its container.
    """
    foreign = have.template not in ("", *ours)
    declared, last = node.declared(), have.declared
    changes: list[Change] = []
    drift: list[Change] = []
    conflicts: list[Change] = []
    overwritten: list[str] = []
    after, memory = Fields(have.live), _Memory(declared, last)
    for part in _not_settled(declared, have):
        for key, to, now, said in _values(part, declared, have.live, last or {}):
            name = part if key is None else f"{part}.{key}"
            if part == SCHEDULES and key in have.by_hand:
                if to is not None:
                    conflicts.append({"field": name, "from": None, "to": to})
                    memory.keep(name, part, key, said)
                continue
            if same(to, now):
                continue
            kind = _CONFLICT if foreign else memory.kind(name, key, to=to, now=now, said=said)
            change: Change = {"field": name, "from": now, "to": to}
            if kind == _CHANGE or overwrite:
                changes.append(change)
                after.put(part, key, to)
                if kind != _CHANGE:
                    overwritten.append(name)
            else:
                (drift if kind == _DRIFT else conflicts).append(change)
                memory.keep(name, part, key, said)
    stays = foreign and not overwrite
    remembered = last if stays and last is not None else memory.declared()
    return FieldDiff(
        changes=tuple(changes),
        drift=tuple(drift),
        conflicts=tuple(conflicts),
        live=after.fields,
        declared=remembered,
        digest=node.digest if remembered is declared else "",
        template=have.template if stays else ours[0],
        foreign=stays,
        effect=containers.effect(changes, external=bool(have.live["external"])),
        overwritten=tuple(overwritten),
    )


def after_edit(have: Content, *, before: Differs) -> Differs:
    """How a workspace that a person changed differs now. A conflict stays one: only an import knows what its template
    says now."""
    if have.declared is None or before is Differs.CONFLICT:
        return before
    return Differs.NOT if same(flat(have.live), flat(have.declared)) else Differs.DRIFT


_CHANGE, _DRIFT, _CONFLICT = range(3)  # no enumeration: to look a member up takes longer than the comparison
_Key = str | None  # of a field inside a part; None: the part is the field


class Fields:
    """Fields in the shape of `Node.declared`, copied where they change."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields: Mapping[str, Any] = fields
        self._copied: dict[str, Any] = {}
        self._inside: dict[str, dict[str, Any]] = {}

    def put(self, part: str, key: _Key, value: Any) -> None:
        if not self._copied:
            self.fields = self._copied = dict(self.fields)
        if key is None:
            self._copied[part] = value
            return
        if part not in self._inside:
            self._inside[part] = self._copied[part] = _without_null(self._copied.get(part))
        if value is None:
            self._inside[part].pop(key, None)
        else:
            self._inside[part][key] = value


class _Memory:
    """The last word of the template, as it is kept: its new one, but for the fields in conflict. `undecided` are fields
    of an adopted workspace that were in conflict when it was first compared: the template never said anything about
    them that counts.
    """

    def __init__(self, declared: Mapping[str, Any], last: Mapping[str, Any] | None) -> None:
        self._said = Fields(declared)
        self._adopted = last is None
        self._undecided = frozenset((last or {}).get(UNDECIDED, ()))
        self._still: list[str] = []

    def kind(self, name: str, key: _Key, *, to: Any, now: Any, said: Any) -> int:
        """By the table above; one that is adopted gets what it lacks altogether."""
        if self._adopted or name in self._undecided:
            return _CHANGE if now is None and key is not None else _CONFLICT
        if same(said, now):
            return _CHANGE
        return _DRIFT if same(said, to) else _CONFLICT

    def keep(self, name: str, part: str, key: _Key, said: Any) -> None:
        """Remember what was said before about a field that is left as it is."""
        self._said.put(part, key, said)
        if self._adopted or name in self._undecided:
            self._still.append(name)

    def declared(self) -> Mapping[str, Any]:
        if not self._still:
            return self._said.fields
        return {**self._said.fields, UNDECIDED: sorted(self._still)}


def _values(
    part: str, declared: Mapping[str, Any], live: Mapping[str, Any], last: Mapping[str, Any]
) -> Iterator[tuple[_Key, Any, Any, Any]]:
    """The fields of a part: key, and what the template says, what is live, what it said last."""
    want, now, said = declared.get(part), live.get(part), last.get(part)
    if part not in INSIDE:
        yield None, want, now, said
        return
    want, now, said = want or {}, now or {}, said or {}
    for key in dict.fromkeys((*want, *now, *said)):
        yield key, want.get(key), now.get(key), said.get(key)


def _without_null(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if value is not None}


def _not_settled(declared: Mapping[str, Any], have: Content) -> Collection[str]:
    """The parts to look at field by field. In all others the template says what is live, and what it said last."""
    last = have.declared
    if last is None or last.get(UNDECIDED) or have.by_hand:
        return PARTS
    live = have.live
    return [
        part for part in PARTS if not (same(declared[part], live.get(part)) and same(declared[part], last.get(part)))
    ]


def flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """Field → value; without the keys and schedules that are not there, or null, which is the same."""
    fields = {name: said.get(name) for name in PLAIN}
    for part in INSIDE:
        fields |= {f"{part}.{key}": value for key, value in _without_null(said.get(part)).items()}
    return fields
