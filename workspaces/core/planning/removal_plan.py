"""The plan of a direct removal: chosen workspaces of one organization with everything live below them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from workspaces.core.planning.plan_values import Action, Live, Mode, Plan, Reason, Row
from workspaces.core.template import Template

NO_TEMPLATE = Template(name="", workspaces=())


def plan_removal(
    *, have: Collection[Live], chosen: Collection[UUID], above: Mapping[UUID, tuple[str, ...]] | None = None
) -> Plan:
    """Remove all of `have`: the live ones among `chosen` and all live ones below. Pure and stable.

    `above` has the names above each topmost one, root first; if missing, trails begin with the topmost.
    """
    below: defaultdict[UUID | None, list[Live]] = defaultdict(list)
    ids = {row.id for row in have}
    for row in have:
        below[row.parent_id if row.parent_id in ids else None].append(row)
    rows: list[Row] = []
    stack: list[tuple[int | None, Live]] = [(None, row) for row in _last_first(below.pop(None, []))]
    while stack or below:
        if not stack:  # rows in a cycle have no topmost one
            stack = [(None, row) for row in _last_first(below.pop(min(key for key in below if key)))]
        parent, live = stack.pop()
        trail = rows[parent].trail if parent is not None else (above or {}).get(live.id, ())
        reason = Reason.CHOSEN if live.id in chosen else Reason.BELOW
        stack += [(len(rows), row) for row in _last_first(below.pop(live.id, []))]
        rows.append(Row(Action.REMOVE, (*trail, live.name), parent, None, live, reason))
    return Plan(mode=Mode.REMOVE, template=NO_TEMPLATE, rows=tuple(rows), warnings=(), fingerprint=fingerprint_of(ids))


def fingerprint_of(ids: Collection[UUID]) -> str:
    """SHA-256 (hex) of what goes: the same text, the same workspaces."""
    return hashlib.sha256(b"".join(sorted(key.bytes for key in ids))).hexdigest()


def _last_first(rows: list[Live]) -> list[Live]:
    return sorted(rows, key=lambda row: (row.name, row.id), reverse=True)
