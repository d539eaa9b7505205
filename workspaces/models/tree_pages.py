"""Trees of any size, in tree order from any place on: what is read is what is asked for, never the whole tree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection

if TYPE_CHECKING:
    from workspaces.models import Organization, Workspace

ROOT = UUID(int=0)  # the parent of roots, as `workspace_live_name` has it

# Below each seed the children with a name behind `after`, in the index's order; then level by level what is below
# them. `before` counts what has been met so far and comes first: what comes too late leads to nothing that does not.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class TreePlace:
    """A workspace on the way; `path` begins with its organization's slug."""

    id: UUID
    status: str
    path: tuple[str, ...]


def walk(
    organizations: Sequence[Organization], *, most: int, after: Workspace | None = None, line: Sequence[Any] = ()
) -> list[TreePlace]:
    """The first `most` live workspaces in tree order, children by name, that come after one of them.

    `organizations` are in the order of their slugs; `line` has id and name of `after` and of what stands above it, root
    first.
    """
    seeds = json.dumps(_seeds(organizations, after, line))
    with connection.cursor() as cursor:
        cursor.execute(WALK if connection.vendor == "postgresql" else WALK_ON_SQLITE, {"seeds": seeds, "most": most})
        return [TreePlace(id=_uuid(key), status=status, path=tuple(json.loads(path))) for key, status, path in cursor]


def _seeds(organizations: Sequence[Organization], after: Workspace | None, line: Sequence[Any]) -> list[Seed]:
    """Where something is to come: below the place, beside it and what stands above it, in later organizations."""
    if after is None:
        return [(each.pk, _key(ROOT), "", (each.slug,)) for each in organizations]
    here = after.organization
    path = [here.slug, *(name for _, name in line)]
    parents = [ROOT, *(key for key, _ in line)]
    beside = [(here.pk, _key(parents[i]), name, path[: i + 1]) for i, (_, name) in enumerate(line)]
    later = [(each.pk, _key(ROOT), "", (each.slug,)) for each in organizations if each.slug > here.slug]
    return [*beside, (here.pk, _key(parents[-1]), "", path), *later]


def _key(value: UUID) -> str:
    return str(value) if connection.vendor == "postgresql" else value.hex


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
