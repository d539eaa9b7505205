"""Workspaces at their places in the trees, siblings by name, one organization after the other.

Small trees are read whole; of large ones only the wanted part, from any place on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import connection

from workspaces.core.names import SEPARATOR
from workspaces.core.tree_order import Forest
from workspaces.models.status import Status

if TYPE_CHECKING:
    from workspaces.models import Organization, Workspace
    from workspaces.models.querysets import WorkspaceQuerySet

ROOT = UUID(int=0)  # the parent of roots, as `workspace_live_name` has it

# Below each seed the children with a name behind `after`, in the index's order; then level by level what is below them.
# `before` counts the rows met so far that come first: all below a row that comes too late is too late, too.
WALK = """
    WITH RECURSIVE seeds(organization_id, parent, after, path) AS (
        SELECT (seed->>0)::bigint, (seed->>1)::uuid, seed->>2, ARRAY(SELECT jsonb_array_elements_text(seed->3))
        FROM jsonb_array_elements(%(seeds)s::jsonb) AS seed
    ), walk(organization_id, id, status, path, before) AS (
        SELECT * FROM (
            SELECT seeds.organization_id, child.id, child.status, seeds.path || child.name::text AS path,
                ROW_NUMBER() OVER (ORDER BY seeds.path || child.name::text) - 1 AS before
            FROM seeds CROSS JOIN LATERAL (
                SELECT id, status, name FROM workspaces_workspace
                WHERE organization_id = seeds.organization_id AND COALESCE(parent_id, '{root}'::uuid) = seeds.parent
                    AND name > seeds.after AND NOT (status = 'removed')
                ORDER BY name LIMIT %(most)s
            ) AS child
        ) AS first WHERE before < %(most)s
        UNION ALL
        SELECT * FROM (
            SELECT above.organization_id, child.id, child.status, above.path || child.name::text AS path,
                above.before + ROW_NUMBER() OVER (ORDER BY above.path || child.name::text) AS before
            FROM walk AS above CROSS JOIN LATERAL (
                SELECT id, status, name FROM workspaces_workspace
                WHERE organization_id = above.organization_id AND COALESCE(parent_id, '{root}'::uuid) = above.id
                    AND NOT (status = 'removed')
                ORDER BY name LIMIT %(most)s - above.before
            ) AS child
        ) AS following WHERE before < %(most)s
    )
    SELECT id, status, array_to_json(path)::text FROM walk ORDER BY path LIMIT %(most)s
""".replace("{root}", str(ROOT))

# SQLite takes the rows of a recursion from a queue, here the first in tree order, and stops when it has enough.
WALK_ON_SQLITE = """
    WITH RECURSIVE seeds(organization_id, parent, after, path) AS (
        SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(%(seeds)s)
    ), walk(organization_id, id, status, path, place) AS (
        SELECT seeds.organization_id, child.id, child.status, json_insert(seeds.path, '$[#]', child.name),
            (SELECT group_concat(value, char(1)) FROM json_each(seeds.path)) || char(1) || child.name
        FROM seeds JOIN workspaces_workspace AS child ON child.organization_id = seeds.organization_id
            AND COALESCE(child.parent_id, '{root}') = seeds.parent
        WHERE child.name > seeds.after AND NOT (child.status = 'removed')
        UNION ALL
        SELECT walk.organization_id, child.id, child.status, json_insert(walk.path, '$[#]', child.name),
            walk.place || char(1) || child.name
        FROM walk JOIN workspaces_workspace AS child ON child.organization_id = walk.organization_id
            AND COALESCE(child.parent_id, '{root}') = walk.id
        WHERE NOT (child.status = 'removed')
        ORDER BY 5 LIMIT %(most)s
    )
    SELECT id, status, path FROM walk
""".replace("{root}", ROOT.hex)

Seed = tuple[int, str, str, Sequence[str]]


class StoredPlace(NamedTuple):
    """The columns of a row that give its place; `organization` is the slug."""

    id: UUID
    parent_id: UUID | None
    name: str
    organization: str
    status: str


COLUMNS = ("id", "parent_id", "name", "organization__slug", "status")  # of a StoredPlace


@dataclass(frozen=True, kw_only=True, slots=True)
class TreePlace:
    """A workspace at its place; `trail` has the names from the root to its own."""

    id: UUID
    organization: str
    status: str
    trail: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.trail[-1]

    @property
    def depth(self) -> int:
        return len(self.trail) - 1

    @property
    def above(self) -> str:
        return SEPARATOR.join(self.trail[:-1])

    @property
    def live(self) -> bool:
        return self.status != Status.REMOVED


def place_of(row: StoredPlace, trail: Iterable[str]) -> TreePlace:
    return TreePlace(id=row.id, organization=row.organization, status=row.status, trail=tuple(trail))


def forest(rows: WorkspaceQuerySet) -> Forest[TreePlace]:
    """The rows as trees, from one query; one whose parent is not among them is a root."""
    return grow(map(StoredPlace._make, rows.order_by().values_list(*COLUMNS).iterator(chunk_size=10_000)))


def grow(rows: Iterable[StoredPlace]) -> Forest[TreePlace]:
    """The same from rows that were read before."""
    ordered = sorted(rows, key=lambda row: (row.organization, row.name.casefold(), row.name, str(row.id)))
    grown = Forest.grown(ordered, key=attrgetter("id"), parent=attrgetter("parent_id"))
    trails = grown.trails(attrgetter("name"))
    return Forest([place_of(row, trail) for row, trail in zip(grown.rows, trails, strict=True)], grown.parents)


def walk(
    organizations: Sequence[Organization], *, most: int, after: Workspace | None = None, line: Sequence[Any] = ()
) -> list[TreePlace]:
    """The first `most` live workspaces in tree order, children by name, that come after one of them.

    `organizations` are in the order of their slugs; `line` has id and name of `after` and of its ancestors, root first.
    """
    seeds = json.dumps(_seeds(organizations, after, line))
    with connection.cursor() as cursor:
        cursor.execute(WALK if connection.vendor == "postgresql" else WALK_ON_SQLITE, {"seeds": seeds, "most": most})
        return [_place(_uuid(key), status, *json.loads(path)) for key, status, path in cursor]


def _seeds(organizations: Sequence[Organization], after: Workspace | None, line: Sequence[Any]) -> list[Seed]:
    """The starts of the walk: below the place, beside it and its ancestors, in later organizations."""
    if after is None:
        return [(each.pk, _key(ROOT), "", (each.slug,)) for each in organizations]
    here = after.organization
    path = [here.slug, *(name for _, name in line)]
    parents = [ROOT, *(key for key, _ in line)]
    beside = [(here.pk, _key(parents[i]), name, path[: i + 1]) for i, (_, name) in enumerate(line)]
    later = [(each.pk, _key(ROOT), "", (each.slug,)) for each in organizations if each.slug > here.slug]
    return [*beside, (here.pk, _key(parents[-1]), "", path), *later]


def _place(key: UUID, status: str, organization: str, *trail: str) -> TreePlace:
    return TreePlace(id=key, organization=organization, status=status, trail=trail)


def _key(value: UUID) -> str:
    return str(value) if connection.vendor == "postgresql" else value.hex


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
