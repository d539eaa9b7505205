"""Every answer has the shape that the OpenAPI description gives it, whoever makes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework import serializers

from tests.api.conftest import Caller
from tests.api.shapes import faults
from tests.api.test_importing import asked
from tests.trees import AFTER
from workspaces.api import answer_schemas, undo_openapi, undo_schemas
from workspaces.api.examples import GONE, REMOVED_WORKSPACE
from workspaces.models import Workspace

Named = Callable[[str], Workspace]
MERGE, RECONCILE = asked(AFTER), asked(AFTER, mode="reconcile")
REMOVE = RECONCILE | {"moves": False}


def remove(as_alice: Caller, name: str, named: Named, **query: str) -> Any:
    return as_alice.delete(f"/workspaces/{named(name).pk}", **query).json()


def protect(as_alice: Caller, name: str, named: Named) -> None:
    as_alice.patch(f"/workspaces/{named(name).pk}", {"protected": True})


def applied(as_alice: Caller, body: dict[str, Any]) -> Any:
    plan = as_alice.post("/org/import", body | {"dry_run": True}).json()
    return as_alice.post("/org/import", body | {"confirm_removals": plan["reconcile_removed_count"]}).json()


def fits(answer: Any, shape: Any) -> bool:
    assert faults(answer, shape) == []
    return True


@pytest.mark.parametrize("body", [MERGE, RECONCILE, REMOVE], ids=["merge", "reconcile", "remove"])
def test_a_dry_run_and_an_import(as_alice: Caller, tree: None, body: dict[str, Any]) -> None:
    dry = as_alice.post("/org/import", body | {"dry_run": True}).json()
    assert fits(dry, answer_schemas.ImportAnswer)
    assert fits(applied(as_alice, body), answer_schemas.ImportAnswer)


def test_an_import_that_keeps_what_is_protected(as_alice: Caller, tree: None, named: Named) -> None:
    protect(as_alice, "Security Engineer", named)
    answer = applied(as_alice, REMOVE)
    assert answer["reconcile_errors"]
    assert fits(answer, answer_schemas.ImportAnswer)


def test_the_refusals_of_an_import(as_alice: Caller, tree: None) -> None:
    guarded = as_alice.post("/org/import", REMOVE).json()
    stale = as_alice.post("/org/import", MERGE | {"fingerprint": "f" * 64}).json()
    first = as_alice.post("/org/import", MERGE | {"dry_run": True}).json()
    as_alice.post("/org/import", MERGE)
    again = as_alice.post("/org/import", MERGE | {"fingerprint": first["fingerprint"]}).json()
    assert ("confirm_removals" in guarded, "plan" in stale, "applied_by" in again) == (True, True, True)
    for answer in (guarded, stale, again):
        assert fits(answer, answer_schemas.ImportConflict)


def test_errors_with_their_places(as_alice: Caller, tree: None) -> None:
    wrong = "name: Dev\nworkspaces: [{name: PM, tier: 9}]"
    answer = as_alice.post("/org/import", wrong, type="application/yaml", org="acme").json()
    assert answer["errors"]
    assert fits(answer, answer_schemas.ErrorAnswer)
    assert fits(as_alice.get("/nowhere").json(), answer_schemas.ErrorAnswer)


def test_a_delete_its_question_and_its_refusal(as_alice: Caller, tree: None, named: Named) -> None:
    assert fits(remove(as_alice, "Infra Lead", named), answer_schemas.DeleteConflict)
    protect(as_alice, "QA Engineer", named)
    assert fits(remove(as_alice, "Infra Lead", named, confirm="true"), answer_schemas.DeleteConflict)
    assert fits(remove(as_alice, "SRE Engineer", named), answer_schemas.DeletedAnswer)
    assert fits(remove(as_alice, "SRE Engineer", named, erase="true"), answer_schemas.DeletedAnswer)


def test_tokens_and_the_end_of_a_workspace(as_alice: Caller, as_agent: Caller, named: Named) -> None:
    workspace = named("QA Engineer")
    assert fits(as_alice.post(f"/workspaces/{workspace.pk}/tokens").json(), answer_schemas.TokenAnswer)
    remove(as_alice, "QA Engineer", named)
    assert fits(as_agent.post(f"/workspaces/{workspace.pk}/heartbeat").json(), answer_schemas.GoneAnswer)


def test_a_workspace_live_and_removed(as_alice: Caller, named: Named) -> None:
    address = f"/workspaces/{named('QA Engineer').pk}"
    assert as_alice.get(address).json()["removal"] is None
    run_id = remove(as_alice, "QA Engineer", named, reason="TICKET-42")["run_id"]
    told = as_alice.get(address).json()
    assert fits(told["removal"], answer_schemas.TombstoneRow)
    assert (told["removal"]["by"], told["removal"]["reason"]) == ("alice", "TICKET-42")
    assert (told["removal"]["run_id"], told["removal"]["removed_at"]) == (run_id, told["removed_at"])
    assert list(told) == list(REMOVED_WORKSPACE)


def test_the_examples_fit_their_shapes() -> None:
    assert fits(GONE, answer_schemas.GoneAnswer)
    assert fits(REMOVED_WORKSPACE["removal"], answer_schemas.TombstoneRow)


def test_health_and_templates(as_bob: Caller, anybody: Caller, as_alice: Caller) -> None:
    assert fits(anybody.get("/healthz").json(), answer_schemas.HealthAnswer)
    for caller in (anybody, as_bob):
        assert fits(caller.get("/readyz").json(), answer_schemas.ReadyAnswer)
    rows = as_alice.get("/org/templates").json()
    assert rows
    for row in rows:
        assert fits(row, answer_schemas.TemplateRow)


def test_an_undo_its_dry_run_and_its_refusals(as_alice: Caller, named: Named) -> None:
    run = remove(as_alice, "Dev Lead", named, confirm="true")["run_id"]
    dry = as_alice.post(f"/runs/{run}/undo", {"dry_run": True}).json()
    assert fits(dry, undo_schemas.UndoAnswer)
    undone = as_alice.post(f"/runs/{run}/undo").json()
    assert fits(undone, undo_schemas.UndoAnswer)
    nothing = as_alice.post(f"/runs/{run}/undo").json()
    again = as_alice.post(f"/runs/{run}/undo", {"fingerprint": dry["fingerprint"]}).json()
    guarded = as_alice.post(f"/runs/{undone['run_id']}/undo").json()
    assert ("cannot" in nothing, "applied_by" in again, "confirm_removals" in guarded) == (True, True, True)
    for answer in (nothing, again, guarded):
        assert fits(answer, undo_schemas.UndoConflict)


def test_the_examples_of_an_undo_fit_their_shapes() -> None:
    for answer in (undo_openapi.DRY_RUN, undo_openapi.APPLIED, undo_openapi.LOSING):
        assert fits(answer, undo_schemas.UndoAnswer)
    for refusal in undo_openapi.REFUSALS.values():
        assert fits(refusal, undo_schemas.UndoConflict)


def test_every_declared_answer_is_looked_at_here() -> None:
    shapes = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in (answer_schemas, undo_schemas)
        for name, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, serializers.Serializer) and name.endswith(("Answer", "Conflict")) and name != "EngineAnswer"
        if each.__module__ == module.__name__
    }
    source = inspect.getsource(inspect.getmodule(test_every_declared_answer_is_looked_at_here))  # type: ignore[arg-type]
    assert {name for name in shapes if name not in source} == set()


def test_a_shape_is_held_to_the_letter() -> None:
    row = {"status": "removed", "cascade_deleted": "2", "run_id": None}
    assert faults(row, answer_schemas.DeletedAnswer) == [".cascade_deleted: '2' is no IntegerField"]
    assert len(faults(dict(reversed(row.items())), answer_schemas.DeletedAnswer)) == 2
    assert faults({}, answer_schemas.TokenAnswer) == [".token: is missing"]
