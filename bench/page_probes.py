"""Probes of pages and lists: their addresses, times and queries, for the benchmark and for tests."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client

from bench.dataset import Dataset

EVENTS = "structure_events"
LARGE = frozenset(
    {
        "workspaces_workspace", "workspaces_historicalworkspace", "workspaces_container", "workspaces_schedule",
        "workspaces_workspacetoken", EVENTS,
    }
)  # fmt: skip
TREES = "/admin/workspaces/workspace/"
FEW = 20_000  # rows that a query may read from a table without an index, or filter out
SCANS = ("Seq Scan", "Parallel Seq Scan")


def pages(dataset: Dataset) -> dict[str, str]:
    """Name → address, for a member of the data set's organization only."""
    slug, one = dataset.organization.slug, dataset.workspace(dataset.workspaces // 2)
    gone = dataset.workspace(dataset.workspaces + 1)
    return {
        "home": "/admin/",
        "tree": TREES,
        "tree of an organization": f"{TREES}?org={slug}",
        "workspaces by name": f"{TREES}?q=Agent+1",
        "workspaces by path": f"{TREES}?q=Agent+1+%E2%80%BA+Agent",
        "workspaces offline": f"{TREES}?status=offline",
        "workspaces removed": f"{TREES}?status=removed",
        "workspaces with an error": f"{TREES}?container=failing",
        "workspaces made by hand": f"{TREES}?by=hand",
        "workspaces made by imports": f"{TREES}?by=import&q=Agent+1",
        "names used twice": f"{TREES}?names=twice",
        "one workspace": f"{TREES}{one}/change/",
        "its history": f"{TREES}{one}/history/",
        "one removed workspace": f"{TREES}{gone}/change/",
        "import": "/admin/import/",
        "runs": "/admin/runs/",
        "run": f"/admin/runs/{dataset.made_by}/",
        "run that removed": f"/admin/runs/{dataset.removed_by}/",
        "kept data": "/admin/kept-data/",
        "kept data, last page": "/admin/kept-data/?p=1000",
        "timeline": "/admin/timeline/",
        "timeline of an organization": f"/admin/timeline/?org={slug}",
        "timeline of a minute": "/admin/timeline/?day=2026-01-01&at=01:00",
        "timeline of a type": "/admin/timeline/?type=workspace.removed",
        "timeline of a type that never was": "/admin/timeline/?type=security.denied",
        "timeline of a group": "/admin/timeline/?type=workspace.*",
        "timeline of a run": f"/admin/timeline/?import_id={dataset.made_by}",
        "timeline of a workspace": f"/admin/timeline/?workspace={one}",
        "timeline of a name": "/admin/timeline/?workspace=Agent+77",
        "organizations": "/admin/workspaces/organization/",
        "one organization": f"/admin/workspaces/organization/{dataset.organization.pk}/change/",
        "events one by one": "/admin/audit/structureevent/",
        "events of a type": "/admin/audit/structureevent/?event_type=security.denied",
        "tokens of workspaces": "/admin/workspaces/workspacetoken/",
        "GET /workspaces": "/workspaces",
        "GET /workspaces of an organization": f"/workspaces?org={slug}&status=live",
        "GET /workspaces by name": "/workspaces?name=Agent+77",
        "GET /workspaces below none": "/workspaces?parent=none",
        "GET /runs": "/runs",
        "GET /runs of a mode": "/runs?mode=reconcile",
        "GET /runs of an organization": f"/runs?org={slug}",
        "GET /runs, operations": f"/runs/{dataset.made_by}/operations?page_size=500",
        "GET /events": "/events",
        "GET /events of an organization": f"/events?org={slug}",
        "GET /events of a type that never was": "/events?type=security.denied",
        "GET /events of a while": "/events?since=2026-01-01T01:00:00Z&until=2026-01-01T02:00:00Z",
        "GET /events of a run": f"/events?import_id={dataset.made_by}",
        "GET /events of a workspace": f"/events?workspace={one}",
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A reading query with its parameters."""

    sql: str
    params: Any

    def plan(self) -> Mapping[str, Any]:
        """PostgreSQL's plan after executing the query, with the time of the whole in milliseconds."""
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {self.sql}", self.params)
            (found,) = cursor.fetchone()
        plan: Mapping[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]
        return plan


@contextmanager
def recorded_queries() -> Iterator[list[Query]]:
    """The reading queries that are executed inside it."""
    queries: list[Query] = []

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("SELECT", "WITH")):
            queries.append(Query(sql=sql, params=params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield queries


def time_page(client: Client, address: str) -> float:
    """Milliseconds until the whole answer is made."""
    began = time.perf_counter()
    answer = client.get(address)
    assert answer.status_code == 200, f"{address} answers {answer.status_code}"
    return (time.perf_counter() - began) * 1000


def queries_of(client: Client, address: str) -> list[Query]:
    with recorded_queries() as queries:
        time_page(client, address)
    return queries


def scans(plan: Mapping[str, Any]) -> Iterator[str]:
    """The wasteful nodes of the plan: whole scans of large tables, and more than FEW rows that a filter drops.

    Index-only scans do not count: ten thousand entries of an index are a hundred pages.
    """
    read: Counter[tuple[str, str]] = Counter()
    thrown: Counter[tuple[str, str]] = Counter()
    for node in _nodes(plan["Plan"]):
        where, loops = (node["Node Type"], table_of(node)), node["Actual Loops"]
        read[where] += node["Actual Rows"] * loops
        thrown[where] += node.get("Rows Removed by Filter", 0) * loops
    for (kind, table), rows in read.items():
        lost = thrown[kind, table]
        if table in LARGE and kind in SCANS and rows + lost > FEW:
            yield f"{kind} on {table}: {rows + lost:,.0f} rows"
        elif table in LARGE and lost > FEW and kind != "Index Only Scan":
            yield f"{kind} on {table}: {lost:,.0f} rows read and thrown away"


def table_of(node: Mapping[str, Any]) -> str:
    """The table that the node reads, for a part of the events the whole; "" for none."""
    table = str(node.get("Relation Name", ""))
    return EVENTS if table.startswith(EVENTS) else table


def parts_read(plan: Mapping[str, Any]) -> set[str]:
    """The parts of the events that the plan really looked into."""
    names = (str(node.get("Relation Name", "")) for node in _nodes(plan["Plan"]) if node["Actual Loops"])
    return {name for name in names if name.startswith(EVENTS)}


def slowest(queries: Sequence[Query]) -> tuple[Query, Mapping[str, Any]]:
    """The query that takes longest, with its plan."""
    return max(((query, query.plan()) for query in queries), key=lambda each: float(each[1]["Execution Time"]))


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
