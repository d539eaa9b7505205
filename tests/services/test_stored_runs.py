"""What is stored with a plan that was applied: operations, template, what was declared, and what the removal ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.trees import AFTER, BEFORE, REPLACING, loaded
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.models import FileSet, ImportRun, Organization, RunOperation, Schedule, Workspace, WorkspaceToken
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.plans.stored_plans import forget_old_templates, forget_unused_filesets, template_of
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.tokens import issue_workspace_token

pytestmark = pytest.mark.django_db


def run(
    organization: Organization, actor: Actor, tree: Any, options: ImportOptions | None = None, **confirmed: Any
) -> ImportRun:
    """With options it is a reconcile."""
    mode, confirmation = Mode.RECONCILE if options else Mode.MERGE, Confirmation(**confirmed)
    applied = apply_import(
        organization, loaded(tree), mode=mode, options=options, actor=actor, confirmation=confirmation
    )
    return applied.run


def told(done: ImportRun) -> list[str]:
    rows = RunOperation.objects.filter(run=done).order_by("seq")
    return [f"{row.seq} {row.kind} {' › '.join(row.path)}: {row.cause}" for row in rows]


def test_a_run_keeps_what_it_did_creations_before_removals(organization: Organization, actor: Actor) -> None:
    run(organization, actor, {"A": {}, "B": {}, "C": {}})
    done = run(organization, actor, {"C": {"A": {}}, "B": {}}, REPLACING)
    assert told(done) == ["1 create C › A: not live yet", "2 remove A: same name as C › A"]


def test_the_operations_and_the_counts_of_a_run_agree(organization: Organization, actor: Actor) -> None:
    run(organization, actor, BEFORE)
    done = run(organization, actor, AFTER, REPLACING, confirm_removals=8)
    kinds = list(RunOperation.objects.filter(run=done).order_by("seq").values_list("kind", flat=True))
    assert kinds == ["create"] * done.created_count + ["remove"] * done.removed_count


def test_a_run_that_changes_nothing_has_no_operation_and_keeps_its_template(
    organization: Organization, actor: Actor
) -> None:
    run(organization, actor, BEFORE)
    again = run(organization, actor, BEFORE)
    assert (told(again), template_of(again)) == ([], loaded(BEFORE).template)


def test_numbers_ascend(organization: Organization, actor: Actor) -> None:
    first, second = run(organization, actor, {"A": {}}), run(organization, actor, {"A": {}})
    (removal,) = cascade_delete([Workspace.objects.get().pk], actor=actor).runs
    assert first.number < second.number < removal.number


def test_a_removal_over_two_organizations_is_one_run_for_each(organization: Organization, actor: Actor) -> None:
    other = Organization.objects.create(slug="other", name="Other")
    for where in (organization, other):
        run(where, actor, {"PM": {"QA": {}}})
    roots = list(Workspace.objects.filter(parent=None).values_list("pk", flat=True))
    removal = cascade_delete(roots, actor=actor, reason="the end")
    assert {each.organization.slug: each.removed_count for each in removal.runs} == {"acme": 2, "other": 2}
    assert {each.reason for each in removal.runs} == {"the end"}
    assert set(Organization.objects.filter(slug__in=("acme", "other")).values_list("last_run", flat=True)) == {
        each.pk for each in removal.runs
    }


def test_what_a_removal_ended_names_its_run_and_what_had_ended_before_does_not(
    organization: Organization, actor: Actor
) -> None:
    run(organization, actor, {"PM": {}})
    workspace = Workspace.objects.get()
    issue_workspace_token(workspace, actor=actor)
    moment = workspace.created_at
    WorkspaceToken.objects.create(workspace=workspace, digest="0" * 64, created_at=moment, revoked_at=moment)
    for name, enabled in (("Pulse", True), ("Paused", False)):
        Schedule.objects.create(
            workspace=workspace, name=name, cron_expr="* * * * *", enabled=enabled, created_at=moment, updated_at=moment
        )
    (removal,) = cascade_delete([workspace.pk], actor=actor).runs
    assert dict(Schedule.objects.values_list("name", "removed_by")) == {"Pulse": removal.pk, "Paused": None}
    assert set(WorkspaceToken.objects.values_list("removed_by", flat=True)) == {removal.pk, None}


def test_a_created_workspace_keeps_what_its_template_declared(organization: Organization, actor: Actor) -> None:
    run(organization, actor, {"PM": {"QA": {}}})
    row = Workspace.objects.get(name="PM")
    assert row.template == "Dev team"
    assert row.declared == {
        "role": "", "tier": 2, "runtime": "langgraph", "model": "", "external": False, "url": "", "spec": {},
        "files": "", "schedules": {},
    }  # fmt: skip


def test_an_old_template_goes_once_a_newer_one_of_its_lineage_is_there(
    organization: Organization, actor: Actor
) -> None:
    old, new = run(organization, actor, {"A": {}}), run(organization, actor, {"B": {}})
    ImportRun.objects.update(started_at=old.started_at - timedelta(days=31))
    ImportRun.objects.filter(pk=old.pk).update(started_at=old.started_at - timedelta(days=32))
    assert forget_old_templates() == 1
    assert (template_of(old), template_of(new)) == (None, loaded({"B": {}}).template)


def test_files_stay_for_as_long_as_the_template_of_a_run_needs_them(organization: Organization, actor: Actor) -> None:
    tree = {"A": {}}
    done = run(organization, actor, tree)
    FileSet.objects.create(digest="d" * 64, content=b"", created_at=done.started_at)
    done.template.files.create(files_id="d" * 64)
    assert forget_unused_filesets() == 0
    done.template.delete()
    assert forget_unused_filesets() == 1
