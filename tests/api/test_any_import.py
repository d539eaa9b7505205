"""Any templates one after the other, with any options: planned, applied as planned, and never a fault of the site."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Caller
from tests.api.shapes import faults
from tests.budgets import tried
from workspaces.api.answer_schemas import ImportAnswer
from workspaces.models import Organization, Workspace

NAMES = "ABCD"
SAME = (
    "count", "created_count", "skipped_count", "moved_count", "updated_count", "differs_count", "reconcile_removed",
    "left_running", "updated", "drift", "conflicts", "untouched", "warnings", "fingerprint",
)  # fmt: skip
name = st.sampled_from(NAMES)
schedule = st.fixed_dictionaries({"name": name, "cron_expr": st.sampled_from(["0 9 * * *", "0 8 * * *"])})
entry = name | st.lists(name, min_size=1, max_size=3)


def node(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"name": name},
        optional={
            "role": st.sampled_from(["one", "two"]),
            "tier": st.integers(1, 2),
            "color": st.sampled_from(["red", None]),
            "schedules": st.lists(schedule, max_size=2, unique_by=lambda each: each["name"]),
            "spawning": st.booleans(),
            "previously": entry | st.lists(entry, max_size=2),
            "children": children,
        },
    )


def siblings(nodes: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(nodes, max_size=3, unique_by=lambda each: each["name"])


trees = siblings(node(siblings(node(siblings(node(st.just([])))))))
templates = st.fixed_dictionaries({"name": st.sampled_from(["Dev", "Ops"]), "workspaces": trees})
options = st.fixed_dictionaries(
    {"mode": st.sampled_from(["merge", "reconcile"])},
    optional={
        "moves": st.none() | st.booleans(),
        "updates": st.none() | st.booleans(),
        "retire": st.booleans(),
        "overwrite": st.booleans(),
        "prefer": st.sampled_from(["place", "oldest"]),
    },
)
edits = st.lists(st.tuples(st.integers(0, 9), st.fixed_dictionaries({}, optional={
    "role": st.sampled_from(["one", "three"]), "protected": st.booleans(),
})), max_size=2)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_throttle(settings: Any) -> None:
    settings.ORGSITE_THROTTLE = None


@tried(25)
@given(steps=st.lists(st.tuples(templates, options, edits), min_size=2, max_size=4))
def test_a_plan_is_what_happens(as_alice: Caller, alice: User, steps: list[Any]) -> None:
    organization = Organization.objects.create(slug=f"o-{uuid4()}", name="Any")
    organization.members.add(alice)
    for template, asked, changes in steps:
        body = {"template": template, "org": organization.slug, **asked}
        dry = as_alice.post("/org/import", body | {"dry_run": True})
        assert dry.status_code in (200, 400), dry.content
        if dry.status_code == 400:
            assert {problem["path"] for problem in dry.json()["errors"]} <= {"retire", "overwrite", "prefer"}
            continue
        plan = dry.json()
        number = {} if plan["guard"] is None else {"confirm_removals": plan["guard"]["confirm_removals"]}
        applied = as_alice.post("/org/import", body | number | {"fingerprint": plan["fingerprint"]})
        assert (applied.status_code, faults(plan, ImportAnswer)) == (201, []), applied.content
        answer = applied.json()
        assert (faults(answer, ImportAnswer), [key for key in SAME if answer[key] != plan[key]]) == ([], [])
        assert len(answer["untouched"]) == answer["untouched_count"], answer
        again = as_alice.post("/org/import", body | {"dry_run": True}).json()
        assert [again[f"{what}_count"] for what in ("created", "moved", "updated", "reconcile_removed")] == [0] * 4
        change_by_hand(as_alice, organization, changes)


def change_by_hand(as_alice: Caller, organization: Organization, changes: list[Any]) -> None:
    rows = list(Workspace.objects.live().filter(organization=organization).order_by("pk"))
    for number, fields in changes:
        if rows:
            as_alice.patch(f"/workspaces/{rows[number % len(rows)].pk}", fields)
