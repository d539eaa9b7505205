"""Undo of runs: one transaction, its own run, what it writes down, and what never comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from audit.models import StructureEvent
from tests.trees import BEFORE, REPLACING, Tree, loaded
from tests.zips import team
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import AppliedAlready, NothingToUndo, PlanChanged, RemovalNotConfirmed
from workspaces.models import FileSet, ImportRun, Organization, Schedule, Workspace, WorkspaceToken
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.plans.runs import open_run
from workspaces.services.plans.stored_plans import forget_unused_filesets
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.tokens import issue_workspace_token
from workspaces.services.undo.undoing import UndoConfirmation, Undone, apply_undo, preview_undo
from workspaces.services.workspace.editing import edit_workspace

pytestmark = pytest.mark.django_db

ALICE, BOB = Actor(name="alice"), Actor(name="bob")
TREE: Tree = {"PM": {"Dev": {"QA": {}}, "Ops": {}}}


@pytest.fixture
def tree(organization: Organization) -> Organization:
    apply_import(organization, loaded(TREE), mode=Mode.MERGE, actor=ALICE)
    return organization


@pytest.fixture
def removal(tree: Organization) -> ImportRun:
    """The run that removed Dev and QA."""
    return remove("Dev")


def remove(*names: str) -> ImportRun:
    rows = Workspace.objects.live().filter(name__in=names)
    return cascade_delete(list(rows.values_list("pk", flat=True)), actor=ALICE, reason="tidy up").runs[0]


def undo(run: ImportRun, **confirmation: Any) -> Undone:
    return apply_undo(run, actor=BOB, reason="a mistake", confirmation=UndoConfirmation(**confirmation))


def names() -> list[str]:
    return sorted(Workspace.objects.live().values_list("name", flat=True))


def events(*kinds: str) -> list[tuple[str, dict[str, Any]]]:
    rows = StructureEvent.objects.filter(event_type__in=kinds).order_by("id")
    return [(row.event_type, row.payload) for row in rows]


def everything() -> list[list[Any]]:
    return [list(model.objects.order_by("pk").values()) for model in (Workspace, Schedule, WorkspaceToken)]


# ---- all or nothing


def failing_at(words: str) -> Callable[..., Any]:
    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        if words in sql and sql.lstrip().startswith(("INSERT", "COPY", "WITH")):
            raise DatabaseError("disk on fire")
        return execute(sql, *rest)

    return watch


def test_an_error_at_the_end_rolls_everything_back_and_closes_the_run(removal: ImportRun) -> None:
    before = everything()
    with connection.execute_wrapper(failing_at("workspaces_historicalworkspace")), pytest.raises(DatabaseError):
        undo(removal)
    assert everything() == before
    failed = ImportRun.objects.get(mode="undo")
    assert (failed.state, failed.error, failed.restored_count) == ("failed", "disk on fire", 0)
    (_, told), *more = events("org.import.failed")
    assert (told["mode"], told["undoes"], told["refused"], more) == ("undo", str(removal.pk), False, [])
    removal.refresh_from_db()
    assert removal.undone_by is None
    assert undo(removal).run.state == "completed"


def test_what_the_guard_holds_back_is_a_refused_run(tree: Organization) -> None:
    first = ImportRun.objects.get()
    with pytest.raises(RemovalNotConfirmed):
        undo(first)
    assert (ImportRun.objects.get(mode="undo").state, len(names())) == ("refused", 4)
    (_, told), *more = events("org.import.failed")
    assert (told["refused"], told["error"].startswith("This would remove 4 workspaces"), more) == (True, True, [])


def test_a_plan_that_is_stale_is_not_applied(removal: ImportRun) -> None:
    shown = preview_undo(removal).fingerprint
    edit_workspace(Workspace.objects.get(name="Ops"), {"protected": True}, actor=ALICE)
    with pytest.raises(PlanChanged):
        undo(removal, fingerprint=shown)
    assert names() == ["Ops", "PM"]


def test_a_plan_is_applied_once_and_then_names_its_run(removal: ImportRun) -> None:
    shown = preview_undo(removal).fingerprint
    done = undo(removal, fingerprint=shown).run
    with pytest.raises(AppliedAlready) as refused:
        undo(removal, fingerprint=shown)
    assert refused.value.applied_by == done.pk


def test_a_preview_changes_nothing_and_is_what_is_applied(removal: ImportRun) -> None:
    before, runs = everything(), ImportRun.objects.count()
    shown = preview_undo(removal)
    assert (everything(), ImportRun.objects.count()) == (before, runs)
    assert undo(removal).plan == shown


# ---- nothing to undo


def refusal(run: ImportRun) -> str:
    with pytest.raises(NothingToUndo) as refused:
        undo(run)
    return str(refused.value)


def test_what_is_undone_already_says_by_which_run(removal: ImportRun) -> None:
    by = undo(removal).run
    assert refusal(removal) == f"Run #{removal.number} is undone already, by run #{by.number}."


def test_a_run_that_changed_nothing_has_nothing_to_take_back(tree: Organization) -> None:
    idle = apply_import(tree, loaded(TREE), mode=Mode.MERGE, actor=ALICE).run
    assert refusal(idle) == f"Run #{idle.number} changed nothing, so there is nothing to take back."


def test_a_run_that_is_at_work_has_to_end_first(tree: Organization) -> None:
    at_work = open_run(tree, loaded(BEFORE), mode=Mode.MERGE, actor=ALICE, reason="")
    assert refusal(at_work) == f"Run #{at_work.number} has not ended yet: wait for its end."


def test_what_others_have_taken_back_already_is_said_so(removal: ImportRun) -> None:
    second = undo(removal).run
    remove("Dev")
    assert refusal(second) == f"Nothing of run #{second.number} is left to take back: all of it is as it was before."


# ---- its own run


def test_an_undo_is_a_run_with_its_reason_and_says_what_it_undoes(removal: ImportRun) -> None:
    run = undo(removal).run
    assert (run.mode, run.undoes, run.actor, run.reason) == ("undo", removal, "bob", "a mistake")
    assert (run.restored_count, run.removed_count, run.live_before, run.live_after) == (2, 0, 2, 4)
    operations = [(each.kind, each.path, each.before, each.cause) for each in run.operations.order_by("seq")]
    assert operations == [
        ("restore", ["PM", "Dev"], None, "removed by that run"),
        ("restore", ["PM", "Dev", "QA"], None, "removed by that run"),
    ]


def test_a_run_knows_by_which_one_it_is_undone_however_often_that_turns(removal: ImportRun) -> None:
    chain = [removal]
    for _ in range(4):
        chain.append(undo(chain[-1], confirm_removals=preview_removals(chain[-1])).run)
        for number, run in enumerate(chain):
            run.refresh_from_db()
            undone = (len(chain) - number) % 2 == 0
            assert run.undone_by == (chain[number + 1] if undone else None)
        assert ("Dev" in names()) == (len(chain) % 2 == 0)


def preview_removals(run: ImportRun) -> int:
    return len(preview_undo(run).removals)


def test_a_run_that_was_undone_twice_stays_undone_by_the_later_one(tree: Organization) -> None:
    both = remove("Dev", "Ops")
    apply_import(tree, loaded({"PM": {"Ops": {}}}), mode=Mode.MERGE, actor=ALICE)
    first = undo(both).run
    remove("Ops")
    second = undo(both).run
    both.refresh_from_db()
    assert both.undone_by == second
    undo(first)
    both.refresh_from_db()
    assert both.undone_by == second


def test_a_run_that_was_done_again_is_undone_like_the_first_time(tree: Organization) -> None:
    before = everything()[0]
    run = apply_import(
        tree, loaded({"Top": TREE}), mode=Mode.RECONCILE, options=REPLACING, actor=ALICE,
        confirmation=Confirmation(confirm_removals=4),
    ).run  # fmt: skip
    undone = undo(run, confirm_removals=5).run
    undo(undone, confirm_removals=4)
    again = undo(run, confirm_removals=5)
    assert (again.run.restored_count, again.plan.cannot) == (4, ())
    live = set(Workspace.objects.live().values_list("pk", flat=True))
    assert live == {row["id"] for row in before}


# ---- what is written down


def test_each_that_comes_back_has_an_event_that_says_who_had_removed_it(removal: ImportRun) -> None:
    pm, run = Workspace.objects.get(name="PM"), undo(removal).run
    (kind, told), (_, below) = events("workspace.restored")
    assert told == {
        "name": "Dev", "path": ["PM", "Dev"], "parent_id": str(pm.pk), "why": "removed by that run: a mistake",
        "removed_by": str(removal.pk), "data_lost": False,
    }  # fmt: skip
    assert below["path"] == ["PM", "Dev", "QA"]
    assert {row.import_id for row in StructureEvent.objects.filter(event_type=kind)} == {run.pk}


def test_start_and_end_are_those_of_an_import(removal: ImportRun) -> None:
    run = undo(removal).run
    told = StructureEvent.objects.filter(import_id=run.pk, event_type__startswith="org.import").order_by("id")
    assert [(row.event_type, row.payload["mode"], row.payload["undoes"], row.actor) for row in told] == [
        ("org.import.started", "undo", str(removal.pk), "bob"),
        ("org.import.completed", "undo", str(removal.pk), "bob"),
    ]
    assert told[1].payload["restored_count"] == 2


def test_the_history_of_each_goes_on_with_actor_and_reason(removal: ImportRun) -> None:
    run = undo(removal).run
    row = Workspace.objects.get(name="QA").history.latest()
    assert (row.status, row.removed_at, row.history_actor) == ("online", None, "bob")
    assert (row.history_change_reason, row.history_import_id) == ("removed by that run: a mistake", run.pk)


# ---- what comes back


def test_ids_places_and_flags_come_back(removal: ImportRun) -> None:
    before = dict(Workspace.objects.values_list("pk", "parent"))
    undo(removal)
    assert dict(Workspace.objects.live().values_list("pk", "parent")) == before
    assert set(Workspace.objects.values_list("removed_at", "removed_by", "status")) == {(None, None, "online")}


def test_tokens_stay_revoked(tree: Organization) -> None:
    issue_workspace_token(Workspace.objects.select_related("organization").get(name="Dev"), actor=ALICE)
    run = remove("Dev")
    before = list(WorkspaceToken.objects.values())
    undo(run)
    assert (list(WorkspaceToken.objects.values()), before[0]["removed_by"]) == (before, run.pk)


def test_schedules_come_back_as_they_were_those_of_people_too(tree: Organization) -> None:
    now = timezone.now()
    for name, source, enabled in (("a", "template", True), ("b", "manual", True), ("c", "manual", False)):
        Schedule.objects.create(
            workspace=Workspace.objects.get(name="Dev"), name=name, cron_expr="@daily", source=source, enabled=enabled,
            created_at=now, updated_at=now,
        )  # fmt: skip
    before = list(Schedule.objects.values_list("name", "enabled", "removed_by"))
    run = remove("Dev")
    assert not Schedule.objects.filter(enabled=True).exists()
    undo(run)
    assert list(Schedule.objects.values_list("name", "enabled", "removed_by")) == before


def test_files_that_a_run_replaced_are_kept_for_its_undo(organization: Organization) -> None:
    apply_import(organization, team(PM="first"), mode=Mode.MERGE, actor=ALICE)
    old: str = Workspace.objects.values_list("files", flat=True).get()
    run = apply_import(organization, team(PM="second"), mode=Mode.RECONCILE, actor=ALICE).run
    assert (forget_unused_filesets(), FileSet.objects.filter(pk=old).exists()) == (0, True)
    undo(run)
    assert Workspace.objects.values_list("files", flat=True).get() == old


def test_an_evening_of_replacements_is_taken_back_to_the_last_id(tree: Organization) -> None:
    before: set[UUID] = set(Workspace.objects.values_list("pk", flat=True))
    turned = loaded({"Top": TREE})
    confirmed = Confirmation(confirm_removals=4)
    run = apply_import(
        tree, turned, mode=Mode.RECONCILE, options=REPLACING, actor=ALICE, confirmation=confirmed
    ).run  # fmt: skip
    assert before.isdisjoint(Workspace.objects.live().values_list("pk", flat=True))
    undo(run, confirm_removals=5)
    assert set(Workspace.objects.live().values_list("pk", flat=True)) == before
