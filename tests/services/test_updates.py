"""Updates against the database: what the template changed arrives, and what people changed stays."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import StructureEvent
from tests.documents import document
from tests.zips import team
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.models import FileSet, Organization, RunOperation, Schedule, Workspace
from workspaces.services.imports.importing import Applied, Confirmation, apply_import
from workspaces.services.plans.stored_plans import forget_unused_filesets
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.workspace.editing import edit_workspace

pytestmark = pytest.mark.django_db

OVERWRITE = ImportOptions.of(Mode.RECONCILE, overwrite=True)
RETIRE = ImportOptions.of(Mode.RECONCILE, retire=True)
HOURLY = "- {name: PM, schedules: [{name: Pulse, cron_expr: '0 * * * *'}]}"
DAILY = "- {name: PM, schedules: [{name: Pulse, cron_expr: '0 6 * * *'}]}"


@pytest.fixture
def run(organization: Organization, actor: Actor):
    def apply(
        source: str | LoadedTemplate,
        mode: Mode = Mode.RECONCILE,
        options: ImportOptions | None = None,
        **confirmed: Any,
    ) -> Applied:
        return apply_import(
            organization,
            source if isinstance(source, LoadedTemplate) else document(source),
            mode=mode,
            options=options,
            actor=actor,
            confirmation=Confirmation(**confirmed),
        )

    return apply


def pm() -> Workspace:
    return Workspace.objects.select_related("organization").get(name="PM", removed_at=None)


def schedules() -> dict[str, tuple[str, str, bool]]:
    return {row.name: (row.cron_expr, row.source, row.enabled) for row in Schedule.objects.all()}


def test_a_changed_schedule_arrives_and_keeps_its_id(run: Any) -> None:
    run(HOURLY)
    before = Schedule.objects.get()
    plan = run(DAILY).plan
    assert [change["field"] for row in plan.updated for change in row.diff.changes] == ["schedules.Pulse"]
    after = Schedule.objects.get()
    assert (after.pk, after.cron_expr) == (before.pk, "0 6 * * *")


def test_schedules_come_and_go_by_name_and_those_made_by_hand_stay(run: Any) -> None:
    run(HOURLY)
    moment = pm().created_at
    Schedule.objects.create(workspace=pm(), name="Mine", cron_expr="1 1 * * *", created_at=moment, updated_at=moment)
    run("- {name: PM, schedules: [{name: Report, cron_expr: '0 9 * * 1'}]}")
    assert schedules() == {"Mine": ("1 1 * * *", "manual", True), "Report": ("0 9 * * 1", "template", True)}


def test_a_declared_schedule_with_the_name_of_a_manual_one_is_a_conflict_that_nothing_overwrites(run: Any) -> None:
    run("- name: PM")
    moment = pm().created_at
    Schedule.objects.create(workspace=pm(), name="Pulse", cron_expr="1 1 * * *", created_at=moment, updated_at=moment)
    for options in (None, OVERWRITE):
        plan = run(HOURLY, options=options).plan
        assert ([row.name for row in plan.rows if row.differs], plan.differs_count) == (["PM"], 1)
        assert schedules() == {"Pulse": ("1 1 * * *", "manual", True)}
    assert pm().differs == "conflict"


def test_every_kind_of_field_arrives(run: Any) -> None:
    run("- {name: PM, role: Lead, tier: 2, model: small, color: red, old: 1}")
    run("- {name: PM, role: Boss, tier: 4, model: large, color: blue, new: {a: [1, null]}}")
    row = pm()
    assert (row.role, row.tier, row.model, row.spec) == ("Boss", 4, "large", {"color": "blue", "new": {"a": [1, None]}})


def test_a_second_run_changes_nothing(run: Any) -> None:
    run(HOURLY)
    run(DAILY)
    again = run(DAILY)
    assert again.plan.changes_nothing
    assert again.plan.differs_count == 0


def test_what_people_changed_stays_and_is_told_as_drift(run: Any, actor: Actor) -> None:
    run("- {name: PM, role: Lead}")
    edit_workspace(pm(), {"role": "mine"}, actor=actor)
    assert pm().differs == "drift"
    plan = run("- {name: PM, role: Lead}").plan
    (row,) = (row for row in plan.rows if row.diff)
    assert [(each["field"], each["from"], each["to"]) for each in row.diff.drift] == [("role", "mine", "Lead")]
    assert (plan.changes_nothing, plan.differs_count, pm().role) == (True, 1, "mine")


def test_what_both_changed_is_a_conflict_until_it_is_overwritten(run: Any, actor: Actor) -> None:
    run("- {name: PM, role: Lead, tier: 2}")
    edit_workspace(pm(), {"role": "mine"}, actor=actor)
    run("- {name: PM, role: Boss, tier: 3}")
    assert (pm().role, pm().tier, pm().differs) == ("mine", 3, "conflict")
    run("- {name: PM, role: Boss, tier: 3}", options=OVERWRITE)
    assert (pm().role, pm().differs) == ("Boss", "")


def test_an_edit_back_to_what_the_template_says_is_no_drift_any_more(run: Any, actor: Actor) -> None:
    run("- {name: PM, role: Lead}")
    edit_workspace(pm(), {"role": "mine"}, actor=actor)
    edit_workspace(pm(), {"role": "Lead"}, actor=actor)
    assert pm().differs == ""


def test_merge_looks_at_no_field_but_says_how_many_differ(run: Any) -> None:
    run(HOURLY)
    said = Workspace.objects.values("declared", "declared_digest", "differs", "template").get()
    plan = run(DAILY, Mode.MERGE).plan
    assert (plan.changes_nothing, plan.differs_count, schedules()["Pulse"][0]) == (True, 1, "0 * * * *")
    assert Workspace.objects.values("declared", "declared_digest", "differs", "template").get() == said


def test_merge_updates_when_it_is_asked_to(run: Any) -> None:
    run(HOURLY)
    run(DAILY, Mode.MERGE, ImportOptions.of(Mode.MERGE, updates=True))
    assert schedules()["Pulse"][0] == "0 6 * * *"


def test_files_arrive_and_the_old_ones_are_forgotten(run: Any) -> None:
    run(team(PM="old"))
    run(team(PM="new"))
    assert pm().files_id in team(PM="new").template.files()
    FileSet.objects.filter(runs__isnull=False)
    forget_unused_filesets()
    assert FileSet.objects.filter(pk=pm().files_id).exists()


def test_a_row_made_by_hand_is_adopted_and_its_differences_are_conflicts(run: Any, actor: Actor) -> None:
    run("- {name: PM, role: mine}")
    Workspace.objects.update(declared=None, declared_digest="", template="")
    run("- {name: PM, role: Lead, color: red}")
    assert (pm().role, pm().spec, pm().differs, pm().template) == ("mine", {"color": "red"}, "conflict", "Dev team")


def test_another_template_takes_nothing_over_unless_it_overwrites(run: Any) -> None:
    run("- {name: PM, role: Lead}")
    other = document("- {name: PM, role: Boss}", name="Other")
    run(other)
    assert (pm().role, pm().template) == ("Lead", "Dev team")
    run(other, options=OVERWRITE)
    assert (pm().role, pm().template) == ("Boss", "Other")


def test_event_history_and_operation_have_the_changes(run: Any) -> None:
    run("- {name: PM, role: Lead}")
    done = run("- {name: PM, role: Boss}").run
    payload = StructureEvent.objects.get(event_type="workspace.updated").payload
    change = {"field": "role", "from": "Lead", "to": "Boss"}
    assert (payload["changes"], payload["restarts"], payload["drift_left"]) == ([change], False, [])
    assert payload["why"] == "the template changed role"
    assert Workspace.history.filter(history_import_id=done.pk).get().role == "Boss"
    operation = RunOperation.objects.get(run=done)
    assert (operation.before["fields"], operation.after["fields"]) == ({"role": "Lead"}, {"role": "Boss"})
    assert (done.updated_count, done.skipped_count) == (1, 1)


def test_one_that_moves_and_changes_is_one_move(run: Any) -> None:
    run("- {name: PM, role: Lead}\n- name: Top")
    done = run("- {name: Top, children: [{name: PM, role: Boss}]}").run
    assert (done.moved_count, done.updated_count, pm().role) == (1, 0, "Boss")
    (event,) = StructureEvent.objects.filter(import_id=done.pk, event_type__startswith="workspace.")
    assert event.payload["changes"] == [{"field": "role", "from": "Lead", "to": "Boss"}]


# ---- What the template no longer names.


def test_retire_removes_what_this_template_declared_and_no_longer_does(run: Any, organization: Organization) -> None:
    run("- name: PM\n- name: QA")
    run(document("- name: Foreign", name="Other"), Mode.MERGE)
    Workspace.objects.create(organization=organization, name="By hand", created_at=pm().created_at,
                             updated_at=pm().created_at)  # fmt: skip
    plan = run("- name: PM", options=RETIRE).plan
    assert [(row.name, row.reason, row.cause) for row in plan.removals] == [
        ("QA", "retired", "no longer declared by Dev team")
    ]
    assert set(Workspace.objects.live().values_list("name", flat=True)) == {"PM", "Foreign", "By hand"}


def test_without_retire_it_stays_and_the_plan_says_why(run: Any) -> None:
    run("- name: PM\n- name: QA")
    plan = run("- name: PM").plan
    assert [(row.name, row.why) for row in plan.untouched] == [("QA", "no_longer_declared")]


def test_a_renamed_document_keeps_what_it_declared(run: Any) -> None:
    run("- name: PM\n- name: QA")
    renamed = document("- name: PM", name="New name", header="previously: Dev team")
    run(renamed)
    assert pm().template == "New name"
    assert [row.name for row in run(renamed, options=RETIRE).plan.removals] == ["QA"]


def test_a_row_of_an_earlier_version_gets_its_digest_once(run: Any) -> None:
    run(HOURLY)
    digest = pm().declared_digest
    Workspace.objects.update(declared_digest="", template="")
    plan = run(HOURLY).plan
    assert plan.changes_nothing
    assert (pm().declared_digest, pm().template) == (digest, "Dev team")
    Workspace.objects.update(declared_digest="")
    run(HOURLY)
    assert pm().declared_digest == digest


def test_yes_instead_of_one_arrives(run: Any) -> None:
    run("- {name: PM, flag: 1}")
    assert run("- {name: PM, flag: true}").plan.updated
    assert pm().spec == {"flag": True}
    assert pm().spec["flag"] is True
