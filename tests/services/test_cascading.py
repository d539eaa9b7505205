"""The one teardown: what goes, what it takes along, what stops it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from audit.models import StructureEvent
from tests.trees import BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import CascadeChanged, WorkspaceProtected
from workspaces.models import Organization, Schedule, Workspace, WorkspaceToken
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete, preview_cascade
from workspaces.services.removal.footprint import holdings
from workspaces.services.security.tokens import issue_workspace_token


@pytest.fixture
def tree(organization: Organization, actor: Actor) -> Organization:
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    return organization


def workspace(name: str) -> Workspace:
    return Workspace.objects.get(name=name)


def test_a_workspace_goes_with_everything_below_it_and_nothing_else(tree: Organization, actor: Actor) -> None:
    removed = cascade_delete([workspace("Dev Lead").pk], actor=actor).doomed
    assert sorted(row.name for row in removed) == [
        "Backend Engineer", "Dev Lead", "Frontend Engineer", "QA Engineer", "Technical Writer",
    ]  # fmt: skip
    assert Workspace.objects.live().count() == 4


def test_the_preview_lists_each_workspace_once_and_changes_nothing(tree: Organization) -> None:
    rows = preview_cascade([workspace("Infra Lead").pk, workspace("Dev Lead").pk])
    assert len(rows) == len({row.id for row in rows}) == 8
    assert sorted(row.name for row in rows if row.root) == ["Dev Lead", "Infra Lead"]
    assert Workspace.objects.live().count() == 9


def test_deleting_twice_is_harmless(tree: Organization, actor: Actor) -> None:
    key = workspace("Dev Lead").pk
    assert len(cascade_delete([key], actor=actor).doomed) == 5
    assert cascade_delete([key], actor=actor).doomed == ()
    assert StructureEvent.objects.filter(event_type="workspace.removed").count() == 5


def test_tokens_are_revoked_and_schedules_disabled_but_not_deleted(tree: Organization, actor: Actor) -> None:
    pm = workspace("PM")
    issue_workspace_token(pm, actor=actor)
    Schedule.objects.create(
        workspace=pm, name="Pulse", cron_expr="* * * * *", created_at=timezone.now(), updated_at=timezone.now()
    )
    assert (holdings([pm.pk])[pm.pk].tokens, holdings([pm.pk])[pm.pk].schedules) == (1, ("Pulse",))
    cascade_delete([pm.pk], actor=actor)
    assert WorkspaceToken.objects.get().revoked_at is not None
    assert Schedule.objects.get().enabled is False


def test_a_protected_descendant_stops_the_whole_delete(tree: Organization, actor: Actor) -> None:
    Workspace.objects.filter(name="QA Engineer").update(protected=True)
    with pytest.raises(WorkspaceProtected, match="QA Engineer"):
        cascade_delete([workspace("PM").pk], actor=actor)
    assert Workspace.objects.live().count() == 9


def test_other_workspaces_than_those_shown_are_not_removed(tree: Organization, actor: Actor) -> None:
    shown = [row.id for row in preview_cascade([workspace("Dev Lead").pk])]
    with pytest.raises(CascadeChanged):
        cascade_delete([workspace("Infra Lead").pk], actor=actor, expected=shown)
    assert Workspace.objects.live().count() == 9


def test_every_removal_has_its_history_and_its_events(tree: Organization, actor: Actor) -> None:
    removed = cascade_delete([workspace("Dev Lead").pk], actor=actor, reason="rebuilt").doomed
    reasons = {row.name: workspace(row.name).history.latest().history_change_reason for row in removed}
    assert reasons["Dev Lead"] == "rebuilt"
    assert reasons["QA Engineer"] == "below a removed workspace: rebuilt"
    for kind in ("workspace.removed", "workspace.released"):
        assert set(StructureEvent.objects.filter(event_type=kind).values_list("workspace_id", flat=True)) == {
            row.id for row in removed
        }


def test_the_name_is_free_again_after_a_removal(tree: Organization, actor: Actor) -> None:
    cascade_delete([workspace("Dev Lead").pk], actor=actor)
    again = apply_import(tree, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    assert again.plan.created_count == 5
