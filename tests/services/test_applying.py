"""A plan that changed something is applied once, whoever asks again and however much later."""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.races import at_once
from tests.trees import AFTER, BEFORE, Tree, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import IMPORT_MODES, Mode
from workspaces.errors import AppliedAlready, PlanChanged
from workspaces.models import ImportPreview, ImportRun, Organization, Workspace
from workspaces.services.imports.importing import Confirmation, apply_import, preview_import
from workspaces.services.imports.previews import apply_preview, open_preview, store_preview
from workspaces.services.plans.stored_plans import run_that_applied
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.adding import create_workspace

ALICE = Actor(name="alice")


def fingerprint(organization: Organization, tree: Tree, mode: Mode = Mode.MERGE) -> str:
    return preview_import(organization, loaded(tree).template, mode=mode).fingerprint


def apply(organization: Organization, tree: Tree, shown: str, mode: Mode = Mode.MERGE) -> ImportRun:
    sure = Confirmation(fingerprint=shown)
    return apply_import(organization, loaded(tree), mode=mode, actor=ALICE, confirmation=sure).run


def remove_all(organization: Organization) -> None:
    roots = organization.workspaces.live().filter(parent=None).values_list("pk", flat=True)
    cascade_delete(list(roots), actor=ALICE)


def test_the_same_fingerprint_again_names_the_run_that_applied_it(organization: Organization) -> None:
    shown = fingerprint(organization, BEFORE)
    first = apply(organization, BEFORE, shown)
    with pytest.raises(AppliedAlready) as refused:
        apply(organization, BEFORE, shown)
    assert refused.value.applied_by == first.pk
    assert str(first.pk) in str(refused.value)
    assert sorted(ImportRun.objects.values_list("state", flat=True)) == ["completed", "refused"]


def test_a_tree_that_is_again_as_it_was_does_not_let_the_plan_pass_again(organization: Organization) -> None:
    shown = fingerprint(organization, BEFORE)
    first = apply(organization, BEFORE, shown)
    remove_all(organization)
    with pytest.raises(AppliedAlready) as refused:
        apply(organization, BEFORE, shown)
    assert refused.value.applied_by == first.pk
    assert not Workspace.objects.live().exists()


def test_it_names_that_run_after_later_ones_too(organization: Organization) -> None:
    shown = fingerprint(organization, {"PM": {}})
    first = apply(organization, {"PM": {}}, shown)
    apply(organization, BEFORE, fingerprint(organization, BEFORE))
    with pytest.raises(AppliedAlready) as refused:
        apply(organization, {"PM": {}}, shown)
    assert refused.value.applied_by == first.pk


def test_a_plan_that_changes_nothing_can_be_applied_again_and_again(organization: Organization) -> None:
    apply(organization, BEFORE, fingerprint(organization, BEFORE))
    nothing = fingerprint(organization, BEFORE, Mode.RECONCILE)
    runs = {apply(organization, BEFORE, nothing, Mode.RECONCILE).pk for _ in range(3)}
    assert len(runs) == 3


def test_what_was_undone_by_hand_is_planned_and_applied_anew(organization: Organization) -> None:
    apply(organization, BEFORE, fingerprint(organization, BEFORE))
    remove_all(organization)
    again = apply(organization, BEFORE, fingerprint(organization, BEFORE))
    assert (again.created_count, again.state) == (9, "completed")


def test_a_plan_that_was_never_applied_is_only_stale(organization: Organization) -> None:
    shown = fingerprint(organization, BEFORE)
    apply(organization, {"Other": {}}, fingerprint(organization, {"Other": {}}))
    with pytest.raises(PlanChanged) as refused:
        apply(organization, BEFORE, shown)
    assert not isinstance(refused.value, AppliedAlready)


def test_a_fingerprint_of_another_mode_organization_or_of_chance_was_applied_by_nobody(
    organization: Organization, elsewhere: Organization
) -> None:
    shown = fingerprint(organization, BEFORE)
    reconcile = fingerprint(organization, BEFORE, Mode.RECONCILE)
    apply(organization, BEFORE, shown)
    assert run_that_applied(organization, fingerprint=reconcile) is None
    assert run_that_applied(elsewhere, fingerprint=shown) is None
    assert run_that_applied(organization, fingerprint=uuid4().hex * 2) is None
    assert run_that_applied(organization, fingerprint="") is None


def test_a_removal_is_a_run_after_which_an_old_fingerprint_fits_no_more(organization: Organization) -> None:
    shown = fingerprint(organization, BEFORE)
    node = loaded({"New": {}}).template.workspaces[0]
    key = create_workspace(organization, node, parent_id=None, actor=ALICE).pk
    cascade_delete([key], actor=ALICE)
    assert fingerprint(organization, BEFORE) != shown


def test_a_run_elsewhere_leaves_other_fingerprints_alone(organization: Organization, elsewhere: Organization) -> None:
    shown = fingerprint(organization, BEFORE)
    apply(elsewhere, BEFORE, fingerprint(elsewhere, BEFORE))
    assert fingerprint(organization, BEFORE) == shown


# ---- previews


def stored(organization: Organization, tree: Tree, user: User) -> UUID:
    return store_preview(organization, loaded(tree), user=user).pk


@pytest.mark.parametrize("second", IMPORT_MODES)
def test_a_preview_is_applied_once_in_whichever_mode(organization: Organization, alice: User, second: Mode) -> None:
    key = stored(organization, BEFORE, alice)
    before = open_preview(key, user=alice)
    run = apply_preview(before, mode=Mode.MERGE, actor=ALICE).run
    with pytest.raises(AppliedAlready) as refused:
        apply_preview(before, mode=second, actor=ALICE)
    assert refused.value.applied_by == run.pk == ImportPreview.objects.get().applied_by_id
    assert Workspace.objects.live().count() == 9


def test_an_applied_preview_is_not_out_of_date(organization: Organization, alice: User) -> None:
    key = stored(organization, BEFORE, alice)
    run = apply_preview(open_preview(key, user=alice), mode=Mode.MERGE, actor=ALICE).run
    after = open_preview(key, user=alice)
    assert (after.applied_by, after.is_out_of_date) == (run, False)


def test_a_preview_whose_import_failed_waits_on(
    organization: Organization, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = stored(organization, BEFORE, alice)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("workspaces.services.imports.importing.note_applied", broken)
        with pytest.raises(RuntimeError):
            apply_preview(open_preview(key, user=alice), mode=Mode.MERGE, actor=ALICE)
    assert open_preview(key, user=alice).applied_by is None
    assert not Workspace.objects.live().exists()
    assert apply_preview(open_preview(key, user=alice), mode=Mode.MERGE, actor=ALICE).run.created_count == 9


def test_two_previews_of_one_plan_lead_to_the_same_run(organization: Organization, alice: User) -> None:
    first, second = stored(organization, BEFORE, alice), stored(organization, BEFORE, alice)
    run = apply_preview(open_preview(first, user=alice), mode=Mode.MERGE, actor=ALICE).run
    waiting = open_preview(second, user=alice)
    with pytest.raises(AppliedAlready) as refused:
        apply_preview(waiting, mode=Mode.MERGE, actor=ALICE)
    assert refused.value.applied_by == run.pk


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("modes", [(Mode.MERGE, Mode.MERGE), (Mode.MERGE, Mode.RECONCILE)])
def test_a_preview_applied_twice_at_once_is_applied_once(
    organization: Organization, alice: User, modes: tuple[Mode, ...]
) -> None:
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=ALICE)
    shown = open_preview(stored(organization, AFTER, alice), user=alice)
    refused = []

    def press(mode: Mode) -> None:
        try:
            apply_preview(shown, mode=mode, actor=ALICE)
        except AppliedAlready as error:
            refused.append(error.applied_by)

    at_once(*(partial(press, mode) for mode in modes))
    done = ImportRun.objects.filter(state="completed").exclude(live_before=0)
    assert refused == [done.get().pk] == [ImportPreview.objects.get().applied_by_id]
