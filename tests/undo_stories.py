"""An undo's past in words: what a run did, and what is live now, as paths.

A segment of a path is a workspace by its name. Behind `#` stands its number, if it has not always that name, or is not
the only one: `PM/Dev#2` is the second Dev, below PM.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from tests.trees import id_of
from workspaces.core.containers.data_policy import DataFate
from workspaces.core.containers.restart_rule import NO_CONTAINERS, RestartRule
from workspaces.core.planning.field_diff import Content
from workspaces.core.planning.operations import Kind
from workspaces.core.planning.plan_rows import Live
from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.render import as_text
from workspaces.core.planning.undo_facts import DoneOperation, Memory, PastFacts, PastRow, Spot
from workspaces.core.planning.undo_plan import fields_needed, plan_undo
from workspaces.core.template import Node

RUN, LATER = UUID(int=1), UUID(int=2)
NODE = Node(name="-", path="")


class Did(NamedTuple):
    """One operation of the run, and of a workspace that is removed now its row."""

    operation: DoneOperation
    row: PastRow | None = None

    def and_removed(self, path: str) -> Did:
        """Somebody has removed it since, at that place."""
        return self._replace(row=_gone(path, by=LATER))


def removed(path: str, *, by: UUID | None = RUN, data: DataFate = DataFate.KEPT, node: str = "") -> Did:
    """`by` is the run that removed it last."""
    return Did(_done(Kind.REMOVE, path, before=_spot(path)), _gone(path, by=by)._replace(data=data, node=node))


def created(path: str) -> Did:
    return Did(_done(Kind.CREATE, path, after=_spot(path)))


def restored(path: str) -> Did:
    return Did(_done(Kind.RESTORE, path, after=_spot(path)))


def moved(old: str, new: str, **fields: tuple[Any, Any]) -> Did:
    """`fields`: what they were and became."""
    return Did(_done(Kind.MOVE, new, before=_spot(old, fields, 0), after=_spot(new, fields, 1)))


def updated(path: str, **fields: tuple[Any, Any]) -> Did:
    """A field is written with `__` instead of the point."""
    return Did(_done(Kind.UPDATE, path, before=_spot(path, fields, 0), after=_spot(path, fields, 1)))


def key_of(path: str) -> UUID:
    return _id(path.split("/")[-1])


def live(*paths: str, protected: Collection[str] = ()) -> list[Live]:
    return [
        Live(key_of(path), _spot(path).parent_id, _spot(path).name, path in protected, status="online")
        for path in paths
    ]


def content(by_hand: Collection[str] = (), declared: Mapping[str, Any] | None = None, **fields: Any) -> Content:
    """The fields of a live workspace: those of an empty node, but for these."""
    return Content({**NODE.declared(), **fields}, declared, frozenset(by_hand))


def undo(
    have: Sequence[Live],
    *did: Did,
    contents: Mapping[str, Content] = {},
    memories: Mapping[str, Memory] = {},
    files: Collection[str] = (),
    again: Collection[UUID] = (),
    last_run: UUID | None = None,
    containers: RestartRule = NO_CONTAINERS,
) -> Plan:
    past = PastFacts(
        done=tuple(each.operation for each in did),
        removed={each.row.id: each.row for each in did if each.row},
        memories={key_of(path): memory for path, memory in memories.items()},
        files=frozenset(files),
        again=frozenset(again),
    )
    known = {key_of(path): each for path, each in contents.items()}
    needed = {key: known.get(key, content()) for key in fields_needed(past, have)}
    return plan_undo(past=past, have=have, contents=needed, last_run=last_run, containers=containers)


def shown(*args: Any, **kwargs: Any) -> str:
    return "\n" + as_text(undo(*args, **kwargs)) + "\n"


def _done(kind: Kind, path: str, *, before: Spot | None = None, after: Spot | None = None) -> DoneOperation:
    names = tuple(map(_name, path.split("/")))
    return DoneOperation(RUN, kind, key_of(path), names[-1], names, before, after)


def _spot(path: str, fields: Mapping[str, tuple[Any, Any]] = {}, side: int = 0) -> Spot:
    *above, own = path.split("/")
    values = {name.replace("__", "."): values[side] for name, values in fields.items()}
    return Spot(_id(above[-1]) if above else None, _name(own), values)


def _gone(path: str, *, by: UUID | None) -> PastRow:
    spot = _spot(path)
    return PastRow(key_of(path), spot.parent_id, spot.name, by)


def _id(segment: str) -> UUID:
    name, _, number = segment.partition("#")
    return id_of(number or name)


def _name(segment: str) -> str:
    return segment.partition("#")[0]
