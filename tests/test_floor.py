"""The benchmark's floor writes the same rows as the services: what it leaves out would be measured against them."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from bench.imports import connect, new_place, steps
from bench.trees import SHAPES

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the floor is PostgreSQL's own way"),
    pytest.mark.django_db(transaction=True),
]
BY_WORKSPACE = "SELECT to_jsonb(t) FROM {} t JOIN workspaces_workspace w ON w.id = t.workspace_id WHERE {}"
TABLES = {
    "workspaces": "SELECT to_jsonb(w) FROM workspaces_workspace w WHERE {}",
    "schedules": BY_WORKSPACE.replace("{}", "workspaces_schedule", 1),
    "tokens": BY_WORKSPACE.replace("{}", "workspaces_workspacetoken", 1),
    "containers": BY_WORKSPACE.replace("{}", "workspaces_container", 1),
    "history": "SELECT to_jsonb(w) FROM workspaces_historicalworkspace w WHERE {}",
    "operations": BY_WORKSPACE.replace("{}", "workspaces_runoperation", 1),
    "memories": BY_WORKSPACE.replace("{}", "workspaces_runmemory", 1),
    "events": BY_WORKSPACE.replace("{}", "structure_events", 1),
}
UNLIKE = re.compile(
    r'"[0-9a-f-]{36}"|"\d{4}-\d\d-\d\dT[^"]*"|"[0-9a-f]{64}"'  # ids, moments, digests of tokens
    r'|"(?:id|history_id|organization_id|seq)": \d+|"organization": "[^"]*"'
)


@pytest.mark.parametrize("shape", SHAPES)
def test_floor_and_services_leave_the_same_rows(shape: str, settings: Any) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_RUNTIME_IMAGES = "docker", {"*": "none:1"}
    left = {}
    with connect() as link:
        for runner in ("floor", "ours"):
            place = new_place(runner)
            for what, step in steps(runner, link, place, shape=shape, n=70):
                step()
                for table, query in TABLES.items():
                    rows = link.execute(query.format(f"w.organization_id = {place.organization}"))
                    left[runner, what, table] = Counter(_alike(row) for (row,) in rows)
    same = {key[1:]: rows for key, rows in left.items() if key[0] == "floor"}
    assert (
        sum(same["cascade delete", "history"].values()) > 5 * 70
    )  # all are imported, replaced, changed and removed, and most are moved
    for (what, table), rows in same.items():
        assert left["ours", what, table] == rows, f"{table} after {what}"


def _alike(row: dict[str, object]) -> str:
    """A row without what differs in any two: ids, moments, the organization."""
    return UNLIKE.sub("…", json.dumps(row, sort_keys=True))
