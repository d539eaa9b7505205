"""Restores of single removed workspaces: each with what went with it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from audit.models import StructureEvent
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import AppliedAlready, NothingToUndo, PlanChanged
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.undo.undoing import UndoConfirmation, Undone, apply_restore, apply_undo, preview_restore

pytestmark = pytest.mark.django_db

ALICE = Actor(name="alice")
RETIRE = ImportOptions.of(Mode.RECONCILE, retire=True)


@pytest.fixture
def tree(organization: Organization) -> Organization:
    wanted = loaded({"A": {"A1": {"A11": {}}, "A2": {}}, "B": {"B1": {}}})
    apply_import(organization, wanted, mode=Mode.MERGE, actor=ALICE)
    return organization


def remove(*names: str) -> ImportRun:
    return cascade_delete(ids(names), actor=ALICE).runs[0]


def ids(names: Iterable[str]) -> list[Any]:
    return list(Workspace.objects.filter(name__in=names).values_list("pk", flat=True))


def restore(organization: Organization, *names: str, **confirmation: Any) -> Undone:
    return apply_restore(organization, ids(names), actor=ALICE, confirmation=UndoConfirmation(**confirmation))


def live() -> set[str]:
    return set(Workspace.objects.live().values_list("name", flat=True))


def test_one_comes_back_with_what_went_with_it(tree: Organization) -> None:
    remove("A")
    assert restore(tree, "A").run.restored_count == 4
    assert live() == {"A", "A1", "A11", "A2", "B", "B1"}


def test_what_had_gone_before_does_not_come_along(tree: Organization) -> None:
    remove("A1")
    remove("A")
    assert restore(tree, "A").run.restored_count == 2
    assert live() == {"A", "A2", "B", "B1"}


def test_what_went_with_another_chosen_one_does_not_come_along_either(tree: Organization) -> None:
    remove("A11", "B1")
    remove("A")
    restore(tree, "A", "B1")
    assert live() == {"A", "A1", "A2", "B", "B1"}


def test_only_a_part_of_a_removal_comes_back(tree: Organization) -> None:
    run = remove("A", "B")
    restore(tree, "B")
    assert live() == {"B", "B1"}
    run.refresh_from_db()
    assert run.undone_by is None
    assert apply_undo(run, actor=ALICE).run.restored_count == 4


def test_the_names_of_several_come_back_in_one_run(tree: Organization) -> None:
    remove("A1")
    remove("B1")
    run = restore(tree, "A1", "B1").run
    assert (run.restored_count, run.undoes, run.mode) == (3, None, "undo")
    assert len(live()) == 6


def test_one_below_a_removed_one_waits_for_that(tree: Organization) -> None:
    remove("A")
    with pytest.raises(NothingToUndo, match="A11: it stood below A › A1, which is gone: restore that one first"):
        restore(tree, "A11")
    restore(tree, "A11", "A")
    assert len(live()) == 6


def test_of_two_that_had_one_place_the_one_that_went_first_comes_back(tree: Organization) -> None:
    remove("B1")
    apply_import(tree, loaded({"B": {"B1": {}}}), mode=Mode.MERGE, actor=ALICE)
    remove("B1")
    done = restore(tree, "B1")
    assert (done.run.restored_count, len(done.plan.cannot)) == (1, 1)
    assert Workspace.objects.live().get(name="B1").pk == min(ids(["B1"]))


def test_a_removal_that_is_older_than_runs_comes_back_with_what_went_with_it(tree: Organization) -> None:
    remove("A2")
    remove("A")
    Workspace.objects.update(removed_by=None)
    assert restore(tree, "A").run.restored_count == 3
    assert "A2" not in live()
    event = StructureEvent.objects.filter(event_type="workspace.restored").first()
    assert event
    assert event.payload["removed_by"] is None


def test_one_of_those_that_a_reconcile_took_comes_back_by_itself(tree: Organization) -> None:
    sure = Confirmation(confirm_removals=5)
    apply_import(tree, loaded({"A": {}}), mode=Mode.RECONCILE, options=RETIRE, actor=ALICE, confirmation=sure)
    restore(tree, "A2")
    assert live() == {"A", "A2"}


def test_live_ones_and_those_of_others_are_no_business_of_it(tree: Organization, elsewhere: Organization) -> None:
    apply_import(elsewhere, loaded({"Theirs": {}}), mode=Mode.MERGE, actor=ALICE)
    remove("Theirs")
    before = list(Workspace.objects.order_by("pk").values())
    with pytest.raises(NothingToUndo, match="Nothing is removed here that could come back"):
        restore(tree, "Theirs", "B")
    assert preview_restore(tree, ids(["Theirs"])).restored == ()
    assert list(Workspace.objects.order_by("pk").values()) == before


def test_a_restore_is_bound_to_what_was_shown_and_applied_once(tree: Organization) -> None:
    remove("A")
    shown = preview_restore(tree, ids(["A"])).fingerprint
    with pytest.raises(PlanChanged):
        restore(tree, "A", fingerprint="0" * 64)
    done = restore(tree, "A", fingerprint=shown).run
    with pytest.raises(AppliedAlready) as refused:
        restore(tree, "A", fingerprint=shown)
    assert refused.value.applied_by == done.pk


def test_the_undo_of_a_restore_removes_it_again(tree: Organization) -> None:
    remove("B")
    run = restore(tree, "B").run
    undone = apply_undo(run, actor=ALICE)
    assert (undone.run.removed_count, live()) == (2, {"A", "A1", "A11", "A2"})
