"""Imports against the database: merge, reconcile, guards, all or nothing."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from audit.models import StructureEvent
from tests.trees import AFTER, BEFORE, REPLACING, Tree, loaded, template
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import ScheduleSpec
from workspaces.errors import PlanChanged, RemovalNotConfirmed
from workspaces.models import ImportRun, Organization, Schedule, Workspace
from workspaces.services.imports.importing import Applied, Confirmation, apply_import, preview_import
from workspaces.services.plans import execution


@pytest.fixture
def run(organization: Organization, actor: Actor):
    def apply(tree: Tree, mode: str = "merge", options: ImportOptions | None = None, **confirmation: object) -> Applied:
        return apply_import(
            organization,
            loaded(tree),
            mode=Mode(mode),
            options=options,
            actor=actor,
            reason="nightly",
            confirmation=Confirmation(**confirmation),  # type: ignore[arg-type]
        )

    return apply


def live_names(organization: Organization) -> list[str]:
    return sorted(Workspace.objects.live().filter(organization=organization).values_list("name", flat=True))


def event_types(run: ImportRun) -> list[str]:
    events = StructureEvent.objects.filter(import_id=run.pk).order_by("id")
    return [name for name in events.values_list("event_type", flat=True) if name.startswith("org.")]


def test_the_accident_and_its_repair(run, organization: Organization) -> None:
    assert run(BEFORE).plan.created_count == 9
    accident = run(AFTER).plan
    assert (accident.created_count, accident.skipped_count) == (8, 1)
    assert len(live_names(organization)) == 17
    repair = run(AFTER, "reconcile").plan
    assert (repair.created_count, repair.skipped_count, len(repair.removals)) == (0, 9, 8)
    assert len(live_names(organization)) == 9


def test_importing_the_same_again_creates_none_and_skips_all(run) -> None:
    first, again = run(BEFORE), run(BEFORE)
    assert (first.plan.created_count, again.plan.created_count, again.plan.skipped_count) == (9, 0, 9)


def test_a_planted_duplicate_is_removed_exactly_and_the_real_one_stays(run, organization: Organization) -> None:
    run(BEFORE)
    real = Workspace.objects.live().get(organization=organization, name="QA Engineer")
    run({**BEFORE, "QA Engineer": {}})
    repaired = run(BEFORE, "reconcile")
    assert [row.path for row in repaired.plan.removals] == ["QA Engineer"]
    assert list(Workspace.objects.live().filter(name="QA Engineer")) == [real]


def test_reconciling_again_removes_nothing(run) -> None:
    run(BEFORE)
    run(AFTER, "reconcile", REPLACING, confirm_removals=8)
    assert not run(AFTER, "reconcile").plan.removals


def test_a_kept_workspace_keeps_its_settings(run, organization: Organization) -> None:
    run({"PM": {}})
    before = Workspace.objects.filter(name="PM").values().get()
    apply_import(organization, loaded({"PM": {}}, changed=True), mode=Mode.MERGE, actor=Actor(name="alice"))
    assert Workspace.objects.filter(name="PM").values().get() == before


def test_a_created_workspace_gets_its_schedules_from_the_template(organization: Organization, actor: Actor) -> None:
    source = loaded({"PM": {}})
    pulse = ScheduleSpec(name="Pulse", cron_expr="*/5 * * * *", timezone="Europe/Berlin", prompt="Look")
    node = source.template.workspaces[0]
    tree = type(source.template)(name="x", workspaces=(type(node)(name="PM", path=node.path, schedules=(pulse,)),))
    apply_import(organization, type(source)(template=tree, source="", sha256=""), mode=Mode.MERGE, actor=actor)
    schedule = Schedule.objects.get()
    assert (schedule.workspace.name, schedule.source, schedule.timezone) == ("PM", "template", "Europe/Berlin")


def test_a_stale_fingerprint_changes_nothing_and_carries_the_new_plan(run, organization: Organization) -> None:
    run(BEFORE)
    shown = preview_import(organization, template(AFTER), mode=Mode.MERGE)
    run({"Somebody else's": {}})
    with pytest.raises(PlanChanged) as stale:
        run(AFTER, fingerprint=shown.fingerprint)
    assert stale.value.plan.fingerprint != shown.fingerprint
    assert len(live_names(organization)) == 10


def test_the_fingerprint_of_the_preview_is_the_one_that_applies(run, organization: Organization) -> None:
    shown = preview_import(organization, template(AFTER), mode=Mode.RECONCILE)
    assert run(AFTER, "reconcile", fingerprint=shown.fingerprint).plan == shown


def test_collateral_needs_the_number_and_without_it_nothing_changes(run, organization: Organization) -> None:
    run({"PM": {"Lead": {"Mine": {}}}})
    with pytest.raises(RemovalNotConfirmed):
        run({"PM": {}, "Lead": {}}, "reconcile", REPLACING)
    assert live_names(organization) == ["Lead", "Mine", "PM"]
    run({"PM": {}, "Lead": {}}, "reconcile", REPLACING, confirm_removals=2)
    assert live_names(organization) == ["Lead", "PM"]


def test_a_refused_import_is_recorded_as_refused_with_its_reason(run) -> None:
    run({"PM": {"Lead": {"Mine": {}}}})
    with pytest.raises(RemovalNotConfirmed):
        run({"PM": {}, "Lead": {}}, "reconcile", REPLACING)
    refused = ImportRun.objects.get(state="refused")
    assert event_types(refused) == ["org.import.started", "org.import.failed"]
    assert "confirm_removals" in refused.error


def test_a_protected_leftover_is_kept_and_reported_and_the_rest_proceeds(run, organization: Organization) -> None:
    run(BEFORE)
    Workspace.objects.filter(name="SRE Engineer").update(protected=True)
    run(AFTER, "reconcile", REPLACING, confirm_removals=6)
    report = ImportRun.objects.get(mode="reconcile")
    assert [row["name"] for row in report.reconcile_errors] == ["Infra Lead", "SRE Engineer"]
    assert len(live_names(organization)) == 11


def test_another_organization_is_never_touched(run, elsewhere: Organization, actor: Actor) -> None:
    apply_import(elsewhere, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    before = list(Workspace.objects.filter(organization=elsewhere).order_by("id").values())
    run(AFTER)
    run(AFTER, "reconcile")
    assert list(Workspace.objects.filter(organization=elsewhere).order_by("id").values()) == before


def test_every_history_row_says_who_why_and_in_which_run(run) -> None:
    run(BEFORE)
    run(AFTER)
    repair = run(AFTER, "reconcile").run
    removed = Workspace.objects.get(name="SRE Engineer", status="removed")
    made, gone = removed.history.order_by("history_id")
    assert (made.history_type, made.history_change_reason, made.status) == ("+", "nightly", "online")
    assert gone.history_change_reason == "same name as PM › Dev Lead › Infra Lead › SRE Engineer: nightly"
    assert (gone.history_actor, gone.history_import_id, gone.status) == ("alice", repair.pk, "removed")


def test_a_run_has_one_started_and_one_completed_with_its_counts(run) -> None:
    run(BEFORE)
    report = run(AFTER).run
    assert event_types(report) == ["org.import.started", "org.import.completed"]
    payload = StructureEvent.objects.get(import_id=report.pk, event_type="org.import.completed").payload
    counts = [
        payload[key] for key in ("created_count", "skipped_count", "reconcile_removed_count", "left_running_count")
    ]
    assert counts == [8, 1, 0, 8]
    assert (payload["mode"], payload["error"], payload["live_before"], payload["live_after"]) == ("merge", "", 9, 17)


def test_when_removing_fails_nothing_was_created_either(run, organization: Organization, monkeypatch) -> None:
    run(BEFORE)

    def broken(*args: object, **kwargs: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(execution, "tear_down", broken)
    with pytest.raises(DatabaseError):
        run(AFTER, "reconcile", REPLACING, confirm_removals=8)
    assert len(live_names(organization)) == 9
    failed = ImportRun.objects.get(state="failed")
    assert StructureEvent.objects.get(import_id=failed.pk, event_type="org.import.failed").payload["error"] == (
        "the disk is full"
    )


def test_a_preview_takes_two_queries_and_writes_nothing(run, organization: Organization) -> None:
    run(BEFORE)
    with CaptureQueriesContext(connection) as queries:
        preview_import(organization, template(AFTER), mode=Mode.RECONCILE)
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT"]
