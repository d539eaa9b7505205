"""`POST /org/import`: what it answers and what it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from audit.models import StructureEvent
from tests.api.conftest import Caller
from tests.trees import AFTER, Tree
from workspaces.access import Actor
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.templates.loader import site_loader
from workspaces.services.workspace.adding import create_workspace


def nodes(tree: Tree) -> list[dict[str, Any]]:
    return [{"name": name, "children": nodes(children)} for name, children in tree.items()]


def asked(tree: Tree = AFTER, **fields: Any) -> dict[str, Any]:
    return {"template": {"name": "Dev team", "workspaces": nodes(tree)}, "org": "acme", **fields}


def put(organization: Organization, name: str, *, below: Workspace) -> Workspace:
    node = site_loader().text(f"name: x\nworkspaces: [{{name: {name}}}]".encode(), format="yaml").template.workspaces[0]
    return create_workspace(organization, node, parent_id=below.pk, actor=Actor(name="alice"))


def test_an_import_answers_its_result_set_in_template_order(as_alice: Caller) -> None:
    answer = as_alice.post("/org/import", asked({"PM": {"Dev Lead": {}}}))
    first, second = answer.json()["workspaces"]
    assert (first["name"], first["parent_id"], first["skipped"], first["status"]) == ("PM", None, False, "online")
    assert (second["name"], second["parent_id"]) == ("Dev Lead", first["id"])


def test_the_same_template_again_creates_nothing(as_alice: Caller) -> None:
    as_alice.post("/org/import", asked())
    answer = as_alice.post("/org/import", asked(mode="reconcile")).json()
    assert (answer["created_count"], answer["skipped_count"], answer["reconcile_removed_count"]) == (0, 9, 0)


@pytest.mark.usefixtures("tree")
def test_a_reconcile_says_what_went_and_why(as_alice: Caller) -> None:
    as_alice.post("/org/import", asked())
    plan = as_alice.post("/org/import", asked(mode="reconcile", dry_run=True)).json()
    answer = as_alice.post("/org/import", asked(mode="reconcile", confirm_removals=plan["reconcile_removed_count"]))
    assert answer.status_code == 201
    assert {row["reason"] for row in answer.json()["reconcile_removed"]} == {"zombie"}
    assert Workspace.objects.live().count() == 9


@pytest.mark.parametrize("mode", ["", "merge", None])
def test_merge_is_the_mode_when_none_is_named(as_alice: Caller, mode: str | None) -> None:
    answer = as_alice.post("/org/import", asked() if mode is None else asked(mode=mode))
    assert answer.json()["mode"] == "merge"


@pytest.mark.usefixtures("tree")
def test_a_dry_run_changes_nothing_and_emits_nothing(as_alice: Caller) -> None:
    as_alice.get("/events")  # the first use of a token is an event of its own
    before = (Workspace.objects.count(), StructureEvent.objects.count(), ImportRun.objects.count())
    answer = as_alice.post("/org/import", asked(mode="reconcile", dry_run=True))
    assert (answer.status_code, answer.json()["dry_run"]) == (200, True)
    assert (Workspace.objects.count(), StructureEvent.objects.count(), ImportRun.objects.count()) == before


def test_a_dry_run_gives_no_id_to_what_would_be_created(as_alice: Caller) -> None:
    answer = as_alice.post("/org/import", asked(dry_run=True)).json()
    assert {row["id"] for row in answer["workspaces"]} == {None}
    assert answer["import_id"] is None


def test_a_fingerprint_that_still_holds_lets_the_import_pass(as_alice: Caller) -> None:
    plan = as_alice.post("/org/import", asked(dry_run=True)).json()
    assert as_alice.post("/org/import", asked(fingerprint=plan["fingerprint"])).status_code == 201


@pytest.mark.usefixtures("tree")
def test_a_stale_fingerprint_is_a_conflict_with_the_new_plan(
    as_alice: Caller, named: Callable[[str], Workspace]
) -> None:
    old = as_alice.post("/org/import", asked(dry_run=True)).json()["fingerprint"]
    as_alice.delete(f"/workspaces/{named('QA Engineer').pk}")
    answer = as_alice.post("/org/import", asked(fingerprint=old))
    new = as_alice.post("/org/import", asked(dry_run=True)).json()
    assert (answer.status_code, answer.json()["fingerprint"]) == (409, new["fingerprint"])
    assert answer.json()["plan"] == new


@pytest.mark.parametrize("fields", [{}, {"mode": "reconcile"}])
def test_a_plan_that_was_applied_answers_the_run_that_did_it(as_alice: Caller, fields: dict[str, Any]) -> None:
    """A pipeline that lost the answer asks again, and learns that it is done."""
    shown = as_alice.post("/org/import", asked(dry_run=True, **fields)).json()["fingerprint"]
    first = as_alice.post("/org/import", asked(fingerprint=shown, **fields)).json()
    again = as_alice.post("/org/import", asked(fingerprint=shown, **fields))
    assert (again.status_code, again.json()["applied_by"]) == (409, first["import_id"])
    assert again.json()["plan"]["created_count"] == 0
    assert Workspace.objects.live().count() == 9


def test_a_plan_that_changed_nothing_is_applied_as_often_as_asked(as_alice: Caller) -> None:
    as_alice.post("/org/import", asked())
    shown = as_alice.post("/org/import", asked(dry_run=True)).json()["fingerprint"]
    answers = [as_alice.post("/org/import", asked(fingerprint=shown)).status_code for _ in range(3)]
    assert answers == [201, 201, 201]


def test_a_stale_plan_that_nobody_applied_names_no_run(as_alice: Caller) -> None:
    shown = as_alice.post("/org/import", asked(dry_run=True)).json()["fingerprint"]
    as_alice.post("/org/import", asked({"Other": {}}))
    answer = as_alice.post("/org/import", asked(fingerprint=shown))
    assert (answer.status_code, "applied_by" in answer.json()) == (409, False)


@pytest.mark.usefixtures("tree")
def test_the_removal_guard_answers_the_number_to_repeat(as_alice: Caller) -> None:
    answer = as_alice.post("/org/import", asked({"PM": {}, "Infra Lead": {}}, mode="reconcile", moves=False))
    assert (answer.status_code, answer.json()["confirm_removals"]) == (409, 8)
    assert answer.json()["plan"]["guard"]["confirm_removals"] == 8
    assert Workspace.objects.live().count() == 9


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("number", "status"), [(7, 409), (9, 409), ("08", 201), (8, 201)])
def test_only_the_exact_number_passes_the_removal_guard(as_alice: Caller, number: Any, status: int) -> None:
    body = asked({"PM": {}, "Infra Lead": {}}, mode="reconcile", moves=False, confirm_removals=number)
    assert as_alice.post("/org/import", body).status_code == status


def test_collateral_is_held_back_too(as_alice: Caller, tree: Organization, named: Callable[[str], Workspace]) -> None:
    put(tree, "Scratch", below=named("SRE Engineer"))
    answer = as_alice.post("/org/import", asked(mode="reconcile", moves=False))
    removed = answer.json()["plan"]["reconcile_removed"]
    assert answer.status_code == 409
    assert [row["name"] for row in removed if row["reason"] == "collateral"] == ["Scratch"]


def test_what_is_protected_stays_and_is_reported(as_alice: Caller, named: Callable[[str], Workspace]) -> None:
    as_alice.patch(f"/workspaces/{named('Security Engineer').pk}", {"protected": True})
    plan = as_alice.post("/org/import", asked(mode="reconcile", moves=False, dry_run=True)).json()
    body = asked(mode="reconcile", moves=False, confirm_removals=plan["reconcile_removed_count"])
    errors = as_alice.post("/org/import", body).json()["reconcile_errors"]
    assert {row["name"] for row in errors} == {"Security Engineer", "Infra Lead"}


@pytest.mark.usefixtures("organization")
def test_an_unknown_organization_and_one_of_strangers_are_the_same(as_alice: Caller, charlie: User) -> None:
    unknown = as_alice.post("/org/import", asked(org="nowhere"))
    strange = as_alice.post("/org/import", asked(org="elsewhere"))
    assert unknown.status_code == strange.status_code == 404
    assert unknown.content == strange.content


def test_a_reconcile_that_applies_also_needs_the_right_to_cascade_delete(as_alice: Caller, alice: User) -> None:
    alice.groups.clear()
    alice.user_permissions.add(Permission.objects.get(codename="import_org"))
    assert as_alice.post("/org/import", asked(mode="reconcile")).status_code == 403
    assert as_alice.post("/org/import", asked(mode="reconcile", dry_run=True)).status_code == 200
    assert as_alice.post("/org/import", asked(mode="merge")).status_code == 201


def test_the_reason_is_kept_with_the_run_and_in_history(as_alice: Caller) -> None:
    answer = as_alice.post("/org/import", asked({"PM": {}}, reason="Ticket 7")).json()
    assert ImportRun.objects.get(pk=answer["import_id"]).reason == "Ticket 7"
    assert Workspace.objects.get().history.get().history_change_reason == "Ticket 7"


def test_who_imported_is_the_actor_of_the_events(as_alice: Caller) -> None:
    as_alice.post("/org/import", asked())
    assert set(StructureEvent.objects.values_list("actor", flat=True)) == {"alice"}


def test_templates_on_the_server_are_listed_with_what_does_not_load(
    as_alice: Caller, settings: Any, tmp_path: Any
) -> None:
    settings.ORGSITE_TEMPLATES_DIR = tmp_path
    for name, text in {"good": "name: Good\nworkspaces: [{name: PM}]", "bad": "name: ["}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "org.yaml").write_text(text)
    bad, good = as_alice.get("/org/templates").json()
    assert good == {"dir": "good", "name": "Good", "description": "", "workspaces": 1}
    assert (bad["dir"], "error" in bad) == ("bad", True)


def test_no_templates_is_an_empty_list(as_bob: Caller, settings: Any, tmp_path: Any) -> None:
    settings.ORGSITE_TEMPLATES_DIR = tmp_path / "missing"
    assert as_bob.get("/org/templates").json() == []
