"""On SQLite an import is worked out before it takes the lock that every heartbeat waits for, and is still the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import connection, transaction

from bench.trees import tree
from tests.trees import AFTER, BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import IMPORT_MODES, Mode
from workspaces.core.template import Node
from workspaces.errors import OrgError
from workspaces.models import Organization, Schedule, Workspace
from workspaces.services.imports import importing
from workspaces.services.imports.importing import Confirmation, apply_import, preview_import
from workspaces.services.plans.execution import Creation
from workspaces.services.removal.cascading import delete_workspace
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.workspace.adding import create_workspace

pytestmark = [
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks the organization alone"),
    pytest.mark.django_db(transaction=True),
]
ACTOR = Actor(name="alice")


def import_tree(where: Organization, want: LoadedTemplate, mode: Mode = Mode.MERGE, **confirmed: Any) -> Any:
    return apply_import(where, want, mode=mode, actor=ACTOR, confirmation=Confirmation(**confirmed))


def measured(n: int) -> LoadedTemplate:
    return LoadedTemplate(template=tree("realistic", n), source="", sha256="")


def test_the_plan_is_made_and_rows_are_prepared_before_the_lock(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[bool] = []
    plan = importing.plan_import
    monkeypatch.setattr(
        importing, "plan_import", lambda **given: locked.append(connection.in_atomic_block) or plan(**given)
    )

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if many and len(params) > 1:
            locked.append(connection.in_atomic_block)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        import_tree(organization, loaded(BEFORE))
    assert len(locked) > 1
    assert not any(locked)


@pytest.mark.parametrize("n", [1, 70])
@pytest.mark.parametrize("engine", ["none", "docker"])
def test_it_writes_the_same_rows_as_under_one_lock(settings: Any, engine: str, n: int) -> None:
    settings.ORGSITE_ENGINE = engine
    left = []
    for slug, around in {"ahead": nullcontext(), "together": transaction.atomic()}.items():
        organization = Organization.objects.create(slug=slug, name=slug)
        with around:
            import_tree(organization, measured(n))
        left.append(written(organization))
    assert left[0] == left[1]
    assert left[0]["workspaces"]


def written(organization: Organization) -> dict[str, list[tuple[Any, ...]]]:
    rows = organization.workspaces.order_by("name")
    schedules = Schedule.objects.filter(workspace__in=rows).order_by("pk")
    history = Workspace.history.filter(organization=organization).order_by("history_id")
    return {
        "workspaces": list(rows.values_list("name", "parent__name", "role", "tier", "status", "spec", "external")),
        "containers": list(rows.values_list("name", "container__desired", "container__generation")),
        "schedules": list(schedules.values_list("workspace__name", "name", "cron_expr", "source", "enabled")),
        "history": list(
            history.values_list("name", "history_type", "history_actor", "history_change_reason", "status")
        ),
    }


def add(organization: Organization) -> None:
    create_workspace(organization, Node(path="", name="PM"), parent_id=None, actor=ACTOR)


def add_beside(organization: Organization) -> None:
    create_workspace(organization, Node(path="", name="Ops"), parent_id=None, actor=ACTOR)


def protect(organization: Organization) -> None:
    organization.workspaces.filter(name="SRE Engineer").update(protected=True)


def remove(organization: Organization) -> None:
    for row in organization.workspaces.live().filter(name="Infra Lead"):
        delete_workspace(row, confirmed=True, actor=ACTOR)


def remove_and_add(organization: Organization) -> None:
    """As many as before."""
    leaf = organization.workspaces.live().get(name="SRE Engineer")
    delete_workspace(leaf, confirmed=True, actor=ACTOR)
    create_workspace(organization, Node(path="", name=leaf.name), parent_id=leaf.parent_id, actor=ACTOR)


def same_import(organization: Organization) -> None:
    import_tree(organization, loaded(AFTER))


CHANGES = (add_beside, protect, remove, remove_and_add, same_import)


@pytest.mark.parametrize("mode", IMPORT_MODES)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("stale", [True, False], ids=["with a fingerprint", "without"])
def test_what_changes_before_the_lock_counts_as_if_it_had_come_first(
    change: Callable[[Organization], None], mode: Mode, stale: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for when in ("before", "between"):
        organization = Organization.objects.create(slug=when, name=when)
        import_tree(organization, loaded(BEFORE))
        shown = preview_import(organization, loaded(AFTER).template, mode=mode).fingerprint if stale else None
        if when == "before":
            change(organization)
        else:
            between(monkeypatch, lambda where=organization: change(where))
        outcomes.append(outcome(organization, mode, shown))
    assert outcomes[0] == outcomes[1]


def test_an_empty_tree_that_is_filled_before_the_lock(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    between(monkeypatch, lambda: add(organization))
    applied = import_tree(organization, loaded(BEFORE))
    assert (applied.plan.created_count, applied.plan.skipped_count) == (8, 1)


def between(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
    """After an import was worked out, and before it has the lock."""
    stage = Creation.stage

    def stage_then_change(creation: Creation) -> None:
        stage(creation)
        monkeypatch.setattr(Creation, "stage", stage)
        change()

    monkeypatch.setattr(Creation, "stage", stage_then_change)


def outcome(organization: Organization, mode: Mode, fingerprint: str | None) -> tuple[object, ...]:
    try:
        plan = import_tree(organization, loaded(AFTER), mode, fingerprint=fingerprint).plan
        told: object = (plan.created_count, plan.skipped_count, len(plan.removals), plan.live_before, plan.live_after)
    except OrgError as error:
        told = type(error).__name__
    live = organization.workspaces.live().order_by("name", "parent__name")
    return told, list(live.values_list("name", "parent__name", "protected"))


def test_under_the_lock_it_takes_less_than_half_the_work(actor: Actor) -> None:
    import_tree(Organization.objects.create(slug="first", name="First"), measured(100))
    ahead, together = (
        min(work_under_lock(f"{word}-{turn}", around) for turn in range(3))
        for word, around in (("ahead", nullcontext), ("together", transaction.atomic))
    )
    assert ahead < together / 2, f"{ahead:.3f} s of the processor instead of {together:.3f} s"


def work_under_lock(slug: str, around: Callable[[], Any]) -> float:
    """Seconds of this thread on the processor, from the last lock it takes to its release."""
    organization, taken = Organization.objects.create(slug=slug, name=slug), [0.0]

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("BEGIN IMMEDIATE"):
            taken.append(time.thread_time())
        return execute(sql, params, many, context)

    want = measured(3_000)
    assert want.template.digest
    with connection.execute_wrapper(watch), around():
        import_tree(organization, want)
    return time.thread_time() - taken[-1]
