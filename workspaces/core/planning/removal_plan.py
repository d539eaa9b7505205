"""The plan of a direct removal: chosen workspaces of one organization with everything live below them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from uuid import UUID

from workspaces.core.planning.match_sides import TOP
from workspaces.core.planning.plan_values import Action, Live, Mode, Plan, Reason, Row
from workspaces.core.template import Template

_REMOVE, _CHOSEN, _BELOW = Action.REMOVE, Reason.CHOSEN, Reason.BELOW
NO_TEMPLATE = Template(name="", workspaces=())


def plan_removal(
    *, have: Collection[Live], chosen: Collection[UUID], above: Mapping[UUID, tuple[str, ...]] | None = None
) -> Plan:
    """Remove all of `have`, which are the live ones among `chosen` and all live ones below. Pure and stable.

    `above` has the names above each topmost one, root first; if missing, trails begin with the topmost.
    """
    below: defaultdict[int, list[Live]] = defaultdict(list)
    ids, named = {row.id.int for row in have}, {key.int for key in chosen}
    for row in have:
        parent_id = row.parent_id.int if row.parent_id else TOP
        below[parent_id if parent_id in ids else TOP].append(row)
    rows: list[Row] = []
    stack: list[tuple[int | None, Live]] = [(None, row) for row in _last_first(below.pop(TOP, []))]
    while stack or below:
        if not stack:  # rows in a cycle have no topmost one
            stack = [(None, row) for row in _last_first(below.pop(min(below)))]
        parent, live = stack.pop()
        trail = rows[parent].trail if parent is not None else (above or {}).get(live.id, ())
        reason = _CHOSEN if live.id.int in named else _BELOW
        if children := below.pop(live.id.int, None):
            stack += [(len(rows), row) for row in _last_first(children)]
        rows.append(Row(_REMOVE, (*trail, live.name), parent, None, live, reason))
    fingerprint = fingerprint_of(row.id for row in have)
    return Plan(mode=Mode.REMOVE, template=NO_TEMPLATE, rows=tuple(rows), warnings=(), fingerprint=fingerprint)


def fingerprint_of(ids: Iterable[UUID]) -> str:
    """SHA-256 (hex) of what goes: the same text, the same workspaces."""
    return hashlib.sha256(b"".join(sorted(key.bytes for key in ids))).hexdigest()


def _last_first(rows: list[Live]) -> list[Live]:
    return sorted(rows, key=attrgetter("name", "id"), reverse=True)
