"""`POST /runs/{id}/undo` and `POST /workspaces/{id}/restore`"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User

from audit.models import StructureEvent
from lib.database_clock import database_now
from tests.api.conftest import Caller
from tests.api.shapes import faults
from tests.api.test_importing import asked
from tests.trees import AFTER
from workspaces.api.undo_schemas import UndoAnswer, UndoConflict
from workspaces.models import Container, ImportRun, Organization, Workspace
from workspaces.services.containers.installation import installation
from workspaces.services.security.tokens import issue_api_token

Named = Callable[[str], Workspace]
GONE = "it stood below PM › Infra Lead{}, which is gone: restore that one first"


@pytest.fixture
def removed(as_alice: Caller, named: Named) -> str:
    """The id of the run that removed Dev Lead with the four below it."""
    return str(as_alice.delete(f"/workspaces/{named('Dev Lead').pk}", confirm="true").json()["run_id"])


@pytest.fixture
def merged(tree: Organization) -> str:
    """The id of the run that created all nine."""
    return str(ImportRun.objects.get().pk)


@pytest.fixture
def without_removal(alice: User) -> None:
    """Alice may import and look, and remove nothing."""
    alice.groups.clear()
    alice.user_permissions.set(Permission.objects.filter(codename__in=["import_org", "view_workspace"]))


def undo(caller: Caller, run: object, **fields: Any) -> Any:
    return caller.post(f"/runs/{run}/undo", fields)


def restore(caller: Caller, workspace: Workspace, **fields: Any) -> Any:
    return caller.post(f"/workspaces/{workspace.pk}/restore", fields)


def live() -> set[str]:
    return set(Workspace.objects.live().values_list("name", flat=True))


# ---- undo


def test_an_undo_does_what_its_dry_run_said(as_alice: Caller, removed: str) -> None:
    dry = undo(as_alice, removed, dry_run=True)
    assert (dry.status_code, len(live()), dry.json()["guard"]) == (200, 4, None)
    done = undo(as_alice, removed, fingerprint=dry.json()["fingerprint"], reason="a mistake")
    assert (done.status_code, done.json()["restored_count"], len(live())) == (201, 5, 9)
    assert faults(dry.json(), UndoAnswer) == faults(done.json(), UndoAnswer) == []
    only_dry = {"run_id", "dry_run", "guard"}
    assert {key: value for key, value in dry.json().items() if key not in only_dry} == {
        key: value for key, value in done.json().items() if key not in only_dry
    }


def test_an_undo_is_a_run_that_says_which_one_it_undoes(as_alice: Caller, removed: str) -> None:
    answer = undo(as_alice, removed, reason="a mistake").json()
    run, undone = (as_alice.get(f"/runs/{key}").json() for key in (answer["run_id"], removed))
    assert (run["mode"], run["undoes"], run["restored_count"], run["reason"]) == ("undo", removed, 5, "a mistake")
    assert (undone["undone_by"], undone["restored_count"]) == (answer["run_id"], 0)
    assert [row["id"] for row in as_alice.get("/runs", mode="undo").json()["results"]] == [answer["run_id"]]
    first = as_alice.get(f"/runs/{answer['run_id']}/operations").json()["results"][0]
    assert (first["kind"], first["name"], first["before"]) == ("restore", "Dev Lead", None)
    assert (first["path"], first["cause"]) == (["PM", "Infra Lead", "Dev Lead"], "removed by that run")


def test_an_undo_of_an_undo_does_it_again(as_alice: Caller, removed: str) -> None:
    undone = undo(as_alice, removed).json()["run_id"]
    again = undo(as_alice, undone, confirm_removals=5).json()
    assert (again["removed_count"], {row["reason"] for row in again["removed"]}) == (5, {"restored"})
    assert (len(live()), as_alice.get(f"/runs/{removed}").json()["undone_by"]) == (4, None)


def test_an_import_is_undone_with_its_moves_and_fields(as_alice: Caller, named: Named) -> None:
    lead = named("Dev Lead")
    body = asked(AFTER, mode="reconcile")
    body["template"]["workspaces"][0]["tier"] = 3
    run = as_alice.post("/org/import", body).json()["import_id"]
    answer = undo(as_alice, run).json()
    assert (answer["moved_count"], answer["updated_count"], answer["removed_count"]) == (2, 1, 0)
    assert answer["updated"][0]["changes"] == [{"field": "tier", "from": 3, "to": 2}]
    assert answer["moved"][1]["to"]["path"] == ["PM", "Infra Lead", "Dev Lead"]
    assert (named("PM").tier, named("Dev Lead").parent_id) == (2, lead.parent_id)


def test_what_has_changed_meanwhile_is_not_applied_and_shown_anew(as_alice: Caller, named: Named, removed: str) -> None:
    shown = undo(as_alice, removed, dry_run=True).json()["fingerprint"]
    as_alice.delete(f"/workspaces/{named('SRE Engineer').pk}")
    stale = undo(as_alice, removed, fingerprint=shown)
    assert (stale.status_code, stale.json()["plan"]["restored_count"], len(live())) == (409, 5, 3)
    assert stale.json()["fingerprint"] == stale.json()["plan"]["fingerprint"] != shown
    assert faults(stale.json(), UndoConflict) == []


def test_a_plan_that_was_applied_names_the_run_that_did_it(as_alice: Caller, removed: str) -> None:
    shown = undo(as_alice, removed, dry_run=True).json()["fingerprint"]
    run = undo(as_alice, removed, fingerprint=shown).json()["run_id"]
    again = undo(as_alice, removed, fingerprint=shown)
    assert (again.status_code, again.json()["applied_by"]) == (409, run)
    assert faults(again.json(), UndoConflict) == []


def test_where_nothing_is_left_to_take_back_it_says_so(as_alice: Caller, removed: str) -> None:
    undo(as_alice, removed)
    answer = undo(as_alice, removed)
    first, second = ImportRun.objects.order_by("number")[1:3]
    assert (answer.status_code, answer.json()["cannot"]) == (409, [])
    assert answer.json()["error"] == f"Run #{first.number} is undone already, by run #{second.number}."
    assert faults(answer.json(), UndoConflict) == []


def test_what_cannot_be_taken_back_has_its_reason_and_the_rest_is_undone(as_alice: Caller, named: Named) -> None:
    body = asked({"PM": {"Infra Lead": {"QA Engineer": {}}}}, mode="reconcile", retire=True, confirm_removals=6)
    run = as_alice.post("/org/import", body).json()["import_id"]
    as_alice.post("/workspaces", {"name": "Dev Lead", "parent": str(named("Infra Lead").pk)})
    answer = undo(as_alice, run)
    told = {row["name"]: row["why"] for row in answer.json()["cannot"]}
    assert (answer.status_code, answer.json()["restored_count"]) == (201, 2)
    assert told["Dev Lead"] == "another workspace has the name Dev Lead at its place: rename or remove that one first"
    assert told["QA Engineer"] == "the workspace above its place is gone: restore that one first"
    assert faults(answer.json(), UndoAnswer) == []
    in_the_way = Workspace.objects.live().get(name="Dev Lead")
    as_alice.delete(f"/workspaces/{in_the_way.pk}")
    rest = undo(as_alice, run).json()
    assert (rest["restored_count"], rest["moved_count"], rest["cannot"], len(live())) == (4, 1, [], 9)


def test_where_nothing_of_it_can_be_taken_back_nothing_is_changed(as_alice: Caller, named: Named, removed: str) -> None:
    as_alice.delete(f"/workspaces/{named('Infra Lead').pk}", confirm="true")
    answer = undo(as_alice, removed)
    assert answer.status_code == 409
    assert {row["why"] for row in answer.json()["cannot"]} == {GONE.format(""), GONE.format(" › Dev Lead")}
    assert "The same holds for 4 more" in answer.json()["error"]
    assert (faults(answer.json(), UndoConflict), live()) == ([], {"PM"})


# ---- the guards


def test_an_undo_that_removes_too_many_takes_their_number(as_alice: Caller, merged: str) -> None:
    guarded = undo(as_alice, merged)
    assert (guarded.status_code, guarded.json()["confirm_removals"], len(live())) == (409, 9, 9)
    assert (guarded.json()["confirm_data_loss"], guarded.json()["plan"]["removed_count"]) == (None, 9)
    assert faults(guarded.json(), UndoConflict) == []
    assert undo(as_alice, merged, confirm_removals=8).status_code == 409
    assert (undo(as_alice, merged, confirm_removals=9).status_code, live()) == (201, set())


@pytest.fixture
def purged(as_alice: Caller, settings: Any, organization: Organization) -> str:
    """The id of a run that made nine anew and removed eight, whose data was destroyed since."""
    settings.ORGSITE_ENGINE, settings.ORGSITE_RUNTIME_IMAGES = "fake", {"*": "agent:1"}
    installation()
    as_alice.post("/org/import", asked({"PM": {"Dev Lead": {"QA": {}}}}))
    run = as_alice.post("/org/import", asked({"PM": {"QA": {}, "Dev": {"Dev Lead": {}}}}, mode="reconcile", moves=False,
                                              confirm_removals=2)).json()["import_id"]  # fmt: skip
    gone = Container.objects.filter(workspace__status="removed")
    assert gone.update(purge_at=None, purged_at=database_now(), due_at=None, observed="absent") == 2
    return str(run)


def test_one_refusal_names_both_numbers(as_alice: Caller, purged: str) -> None:
    dry = undo(as_alice, purged, dry_run=True).json()
    assert (dry["guard"]["confirm_removals"], dry["guard"]["confirm_data_loss"]) == (3, 2)
    guarded = undo(as_alice, purged)
    told = guarded.json()
    assert (guarded.status_code, told["confirm_removals"], told["confirm_data_loss"]) == (409, 3, 2)
    assert told["plan"] == dry
    assert [row["data_lost"] for row in dry["restored"]] == [True, True]
    assert (faults(told, UndoConflict), faults(dry, UndoAnswer)) == ([], [])


@pytest.mark.parametrize(
    "numbers",
    [
        {"confirm_removals": 3}, {"confirm_data_loss": 2}, {"confirm_removals": 3, "confirm_data_loss": 1},
        {"confirm_removals": 2, "confirm_data_loss": 2},
    ],
    ids=str,
)  # fmt: skip
def test_it_takes_both_exactly(as_alice: Caller, purged: str, numbers: dict[str, int]) -> None:
    refused = undo(as_alice, purged, **numbers)
    told = refused.json()
    assert (refused.status_code, told["confirm_removals"], told["confirm_data_loss"]) == (409, 3, 2)
    assert undo(as_alice, purged, confirm_removals=3, confirm_data_loss=2).status_code == 201
    assert live() == {"PM", "Dev Lead", "QA"}


def test_a_container_that_goes_takes_the_number_too(
    as_alice: Caller, settings: Any, organization: Organization
) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_RUNTIME_IMAGES = "fake", {"*": "agent:1"}
    installation()
    body = asked({"PM": {}}, mode="reconcile")
    body["template"]["workspaces"][0] |= {"external": True, "url": "https://agent.example"}
    as_alice.post("/org/import", body)
    body["template"]["workspaces"][0] |= {"external": False}
    run = as_alice.post("/org/import", body).json()["import_id"]
    guarded = undo(as_alice, run).json()
    assert (guarded["confirm_removals"], "1 container" in guarded["error"]) == (0, True)
    assert undo(as_alice, run, confirm_removals=0).status_code == 201
    assert Container.objects.get().keep_volumes


def test_a_refused_undo_is_a_refused_run(as_alice: Caller, merged: str) -> None:
    undo(as_alice, merged)
    run = as_alice.get("/runs", mode="undo").json()["results"][0]
    assert (run["state"], run["undoes"], run["removed_count"]) == ("refused", merged, 0)


# ---- restore


def test_a_workspace_comes_back_with_what_went_with_it(as_alice: Caller, named: Named, removed: str) -> None:
    dry = restore(as_alice, named("Dev Lead"), dry_run=True)
    answer = restore(as_alice, named("Dev Lead"), fingerprint=dry.json()["fingerprint"], reason="TICKET-43")
    assert (dry.status_code, answer.status_code, answer.json()["restored_count"]) == (200, 201, 5)
    assert faults(answer.json(), UndoAnswer) == []
    run = as_alice.get(f"/runs/{answer.json()['run_id']}").json()
    assert (run["mode"], run["undoes"], run["reason"], run["org"]) == ("undo", None, "TICKET-43", "acme")
    history = named("QA Engineer").history.latest()
    assert "TICKET-43" in history.history_change_reason


def test_one_of_them_alone_does_not_come_back_below_nothing(as_alice: Caller, named: Named, removed: str) -> None:
    answer = restore(as_alice, named("QA Engineer"))
    why = GONE.format(" › Dev Lead")
    assert (answer.status_code, [row["why"] for row in answer.json()["cannot"]]) == (409, [why])
    assert (why in answer.json()["error"], len(live())) == (True, 4)


def test_what_is_live_cannot_be_restored(as_alice: Caller, named: Named) -> None:
    events = StructureEvent.objects.filter(event_type="workspace.restored")
    answer = restore(as_alice, named("PM"))
    assert (answer.status_code, answer.json()["cannot"], events.count()) == (409, [], 0)
    assert "Nothing is removed here that could come back" in answer.json()["error"]


def test_an_old_token_stays_dead_and_a_new_one_lives(as_alice: Caller, as_agent: Caller, named: Named) -> None:
    qa = named("QA Engineer")
    as_alice.delete(f"/workspaces/{qa.pk}")
    assert as_agent.post(f"/workspaces/{qa.pk}/heartbeat").status_code == 410
    assert restore(as_alice, qa).status_code == 201
    assert as_agent.post(f"/workspaces/{qa.pk}/heartbeat").status_code == 401
    new = Caller(as_alice.post(f"/workspaces/{qa.pk}/tokens").json()["token"])
    assert new.post(f"/workspaces/{qa.pk}/heartbeat").status_code == 204


# ---- who may


def test_an_undo_that_only_restores_needs_no_right_to_remove(
    as_alice: Caller, named: Named, removed: str, without_removal: None
) -> None:
    answer = undo(as_alice, removed)
    assert (answer.status_code, answer.json()["restored_count"]) == (201, 5)


def test_an_undo_that_removes_does(as_alice: Caller, merged: str, without_removal: None) -> None:
    assert undo(as_alice, merged, dry_run=True).status_code == 200
    for fields in ({}, {"confirm_removals": 9}):
        refused = undo(as_alice, merged, **fields)
        assert (refused.status_code, len(live())) == (403, 9)
        assert (
            "This undo removes workspaces. You need the permission workspaces.cascade_delete" in refused.json()["error"]
        )


@pytest.fixture
def moved(as_alice: Caller, tree: Organization) -> str:
    """The id of a run that moved one and made a cook, who is protected since."""
    body = asked({"PM": {"Cook": {}, "QA Engineer": {}}}, moves=True)
    run = as_alice.post("/org/import", body).json()["import_id"]
    Workspace.objects.filter(name="Cook").update(protected=True)
    return str(run)


def test_what_is_held_needs_no_right_to_remove(as_alice: Caller, moved: str, without_removal: None) -> None:
    answer = undo(as_alice, moved).json()
    assert (answer["moved_count"], answer["removed_count"], "Cook" in live()) == (1, 0, True)
    assert answer["cannot"][0]["why"] == "protected: clear its protection first"


def test_no_removal_slips_in_after_that_look(
    as_alice: Caller, moved: str, without_removal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right is asked by a plan from before the lock: exactly that one is applied, or nothing."""
    from workspaces.services.undo import undo_rights

    look = undo_rights.check_shown

    def unprotect(*args: Any, **kwargs: Any) -> None:
        look(*args, **kwargs)
        Workspace.objects.update(protected=False)

    monkeypatch.setattr(undo_rights, "check_shown", unprotect)
    answer = undo(as_alice, moved)
    assert (answer.status_code, answer.json()["plan"]["removed_count"], "Cook" in live()) == (409, 1, True)


@pytest.mark.parametrize("path", ["/runs/{run}/undo", "/workspaces/{lead}/restore"])
def test_a_read_only_token_makes_dry_runs(alice: User, named: Named, removed: str, path: str) -> None:
    reader = Caller(issue_api_token(alice, read_only=True))
    address = path.format(run=removed, lead=named("Dev Lead").pk)
    assert [reader.post(address, {"dry_run": dry}).status_code for dry in (True, False)] == [200, 403]
    assert len(live()) == 4


def test_runs_and_workspaces_of_others_do_not_exist(as_charlie: Caller, named: Named, removed: str) -> None:
    for key in (removed, uuid4(), "1"):
        answer = undo(as_charlie, key)
        assert (answer.status_code, answer.json()["error"]) == (404, "There is no such run.")
    assert restore(as_charlie, named("Dev Lead")).status_code == 404
    assert len(live()) == 4


# ---- what is sent


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"dry_run": "yes"}, "dry_run"), ({"dry_run": None}, "dry_run"), ({"confirm_removals": -1}, "confirm_removals"),
        ({"confirm_data_loss": "two"}, "confirm_data_loss"), ({"confirm_data_loss": 1.5}, "confirm_data_loss"),
        ({"fingerprint": 5}, "fingerprint"), ({"reason": "a\0b"}, "reason"), ({"reason": "x" * 2001}, "reason"),
        ({"confirm_removal": 1}, "confirm_removal"), ({"mode": "undo"}, "mode"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_an_odd_field_undoes_nothing_and_is_named(
    as_alice: Caller, named: Named, removed: str, fields: dict[str, Any], path: str
) -> None:
    for answer in (undo(as_alice, removed, **fields), restore(as_alice, named("Dev Lead"), **fields)):
        assert (answer.status_code, [row["path"] for row in answer.json()["errors"]]) == (400, [path])
    assert len(live()) == 4


def test_an_unknown_field_hears_which_are_known(as_alice: Caller, removed: str) -> None:
    message = undo(as_alice, removed, dryrun=True).json()["errors"][0]["message"]
    known = "confirm_data_loss, confirm_removals, dry_run, fingerprint, reason"
    assert message == f"unknown field; known here: {known}"


@pytest.mark.parametrize("body", [None, {}, dict.fromkeys(("fingerprint", "confirm_removals", "reason"))])
def test_all_fields_may_be_left_out(as_alice: Caller, removed: str, body: Any) -> None:
    assert as_alice.post(f"/runs/{removed}/undo", body).status_code == 201
    assert ImportRun.objects.get(mode="undo").reason == ""


@pytest.mark.parametrize(
    ("sent", "status"), [("[]", 400), ("{", 400), ("true", 400), ("dry_run=true", 415), ("query", 400)]
)
def test_any_other_body_and_a_query_are_refused(as_alice: Caller, removed: str, sent: str, status: int) -> None:
    address = f"/runs/{removed}/undo"
    kind = "application/x-www-form-urlencoded" if "=" in sent else "application/json"
    answer = as_alice.post(address, {}, dry_run="true") if sent == "query" else as_alice.post(address, sent, type=kind)
    assert (answer.status_code, len(live())) == (status, 4)
