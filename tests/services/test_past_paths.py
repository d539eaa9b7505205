"""Where a workspace stood when something happened to it, whatever its parents became since."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from audit.models import StructureEvent
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.admin.run.run_rows import RunRows
from workspaces.admin.run.run_stages import Stages
from workspaces.admin.workspace_list.removed_rows import RemovedRows
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Workspace
from workspaces.services.imports.importing import Applied, apply_import
from workspaces.services.lookups import ancestor_names
from workspaces.services.past_paths import paths_at_removal
from workspaces.services.removal.cascading import cascade_delete

QA = ("PM", "Dev Lead", "QA")


@pytest.fixture
def applied(organization: Organization, actor: Actor) -> Applied:
    return apply_import(organization, loaded({"PM": {"Dev Lead": {"QA": {}}}}), mode=Mode.MERGE, actor=actor)


@pytest.fixture
def gone(applied: Applied, actor: Actor) -> Workspace:
    """QA, removed; afterwards what stood above it got other names and places."""
    cascade_delete([Workspace.objects.get(name="QA").pk], actor=actor)
    Workspace.objects.filter(name="Dev Lead").update(name="Lead", parent=None)
    return Workspace.objects.get(name="QA")


def test_a_removed_one_stands_where_it_stood(gone: Workspace, organization: Organization) -> None:
    assert paths_at_removal([gone.pk]) == {gone.pk: QA}
    assert ancestor_names(gone) == ["PM", "Dev Lead"]
    (spot,) = RemovedRows(organizations=[organization]).page(0, 10)
    assert spot.trail == QA


def test_a_search_by_path_means_the_path_of_then(gone: Workspace, organization: Organization) -> None:
    assert RemovedRows(organizations=[organization], find="dev lead › qa").count.number == 1
    assert RemovedRows(organizations=[organization], find="lead › nobody").count.number == 0


def test_a_run_shows_where_it_created(gone: Workspace, applied: Applied) -> None:
    rows = RunRows(run=applied.run, stages=Stages(import_id=applied.run.pk))[0:10]
    assert strip_tags({row.name: row.above for row in rows}["QA"]) == "PM › Dev Lead"


def test_a_live_one_stands_where_it_stands(gone: Workspace) -> None:
    assert ancestor_names(Workspace.objects.get(name="Lead")) == []


def test_what_was_removed_before_events_had_a_path_hangs_below_its_parents(
    applied: Applied,
) -> None:
    key = Workspace.objects.get(name="QA").pk
    assert not StructureEvent.objects.filter(event_type="workspace.removed").exists()
    assert paths_at_removal([key]) == {key: QA}


def test_one_statement_for_a_page(gone: Workspace) -> None:
    with CaptureQueriesContext(connection) as queries:
        paths_at_removal([gone.pk])
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert paths_at_removal([]) == {}
    assert not queries
