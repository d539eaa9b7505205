"""`GET /runs`, `GET /runs/{id}`, `GET /runs/{id}/operations`"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.conftest import Caller
from tests.api.test_importing import asked
from workspaces.models import ImportRun, Organization, Workspace

Named = Callable[[str], Workspace]


def test_imports_and_removals_are_runs_the_latest_first(as_alice: Caller, named: Named) -> None:
    run = as_alice.delete(f"/workspaces/{named('Dev Lead').pk}", confirm="true").json()["run_id"]
    removal, imported = as_alice.get("/runs").json()["results"]
    assert (removal["id"], removal["mode"], removal["state"], removal["removed_count"]) == (
        run,
        "remove",
        "completed",
        5,
    )
    assert (removal["template"], removal["live_before"], removal["live_after"]) == ("", 9, 4)
    assert (imported["mode"], imported["created_count"]) == ("merge", 9)
    assert removal["number"] > imported["number"]


def test_one_run_is_what_the_list_says_of_it(as_alice: Caller, named: Named) -> None:
    (row,) = as_alice.get("/runs").json()["results"]
    assert as_alice.get(f"/runs/{row['id']}").json() == row


def test_operations_stand_in_the_order_of_the_plan(as_alice: Caller, named: Named) -> None:
    (row,) = as_alice.get("/runs").json()["results"]
    first, second, *_ = as_alice.get(f"/runs/{row['id']}/operations").json()["results"]
    assert (first["seq"], first["kind"], first["name"], first["path"]) == (1, "create", "PM", ["PM"])
    assert (first["before"], first["after"]) == (None, {"parent_id": None, "name": "PM"})
    assert (second["after"]["parent_id"], second["cause"]) == (first["workspace_id"], "not live yet")


def test_a_removal_keeps_where_everything_stood(as_alice: Caller, named: Named) -> None:
    lead, parent = named("Dev Lead"), named("Infra Lead")
    run = as_alice.delete(f"/workspaces/{lead.pk}", confirm="true").json()["run_id"]
    first, second, *_ = as_alice.get(f"/runs/{run}/operations").json()["results"]
    assert (first["kind"], first["path"]) == ("remove", ["PM", "Infra Lead", "Dev Lead"])
    assert (first["before"], first["after"]) == ({"parent_id": str(parent.pk), "name": "Dev Lead"}, None)
    assert (first["reason"], first["cause"]) == ("chosen", "deleted")
    assert (second["reason"], second["cause"]) == ("below", "below a removed workspace")


def test_a_run_counts_what_it_moved_updated_and_left_different(as_alice: Caller, named: Named) -> None:
    as_alice.patch(f"/workspaces/{named('QA Engineer').pk}", {"role": "sings"})
    tree = {"PM": {"QA Engineer": {}, "Infra Lead": {"SRE Engineer": {}}}}
    body = asked(tree, mode="reconcile")
    body["template"]["workspaces"][0]["children"][0]["role"] = "tests"
    body["template"]["workspaces"][0]["children"][1]["tier"] = 3
    as_alice.post("/org/import", body)
    run = as_alice.get("/runs").json()["results"][0]
    counts = [run[f"{what}_count"] for what in ("created", "skipped", "moved", "updated", "differs", "removed")]
    assert counts == [0, 4, 1, 1, 1, 0]


def test_a_move_and_an_update_keep_how_it_was_and_how_it_is(as_alice: Caller, named: Named) -> None:
    pm, lead, qa = (str(named(name).pk) for name in ("PM", "Dev Lead", "QA Engineer"))
    body = asked({"PM": {"QA Engineer": {}}}, mode="reconcile")
    body["template"]["workspaces"][0]["tier"] = 3
    body["template"]["workspaces"][0]["children"][0]["role"] = "tests"
    run = as_alice.post("/org/import", body).json()["import_id"]
    move, update = as_alice.get(f"/runs/{run}/operations").json()["results"]
    assert (move["kind"], move["workspace_id"], move["path"]) == ("move", qa, ["PM", "QA Engineer"])
    assert move["before"] == {"parent_id": lead, "name": "QA Engineer", "fields": {"role": ""}}
    assert move["after"] == {"parent_id": pm, "name": "QA Engineer", "fields": {"role": "tests"}}
    place = {"parent_id": None, "name": "PM"}
    assert (update["kind"], update["workspace_id"]) == ("update", pm)
    assert (update["before"], update["after"]) == (place | {"fields": {"tier": 2}}, place | {"fields": {"tier": 3}})


def test_operations_come_page_by_page(as_alice: Caller, named: Named) -> None:
    (row,) = as_alice.get("/runs").json()["results"]
    page = as_alice.get(f"/runs/{row['id']}/operations", page_size="4").json()
    rest = as_alice.client.get(page["next"], headers=as_alice.headers).json()
    assert [each["seq"] for each in (*page["results"], *rest["results"])] == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"mode": "remove"}, 1),
        ({"mode": "reconcile"}, 0),
        ({"state": "completed"}, 2),
        ({"state": "failed"}, 0),
        ({"org": "acme"}, 2),
        ({"actor": "alice"}, 1),
        ({"since": "2000-01-01"}, 2),
        ({"until": "2000-01-01"}, 0),
    ],
)
def test_filters_let_through_what_they_say(as_alice: Caller, named: Named, asked: dict[str, str], count: int) -> None:
    as_alice.delete(f"/workspaces/{named('QA Engineer').pk}")
    ImportRun.objects.filter(mode="merge").update(actor="bob")
    assert len(as_alice.get("/runs", **asked).json()["results"]) == count


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"mode": "undone"}, 400), ({"org": "nowhere"}, 404), ({"since": "soon"}, 400), ({"x": "1"}, 400)],
)
def test_a_filter_that_makes_no_sense_is_refused(as_alice: Caller, asked: dict[str, str], status: int) -> None:
    assert as_alice.get("/runs", **asked).status_code == status


def test_runs_of_others_do_not_exist(as_alice: Caller, named: Named) -> None:
    foreign = Organization.objects.create(slug="foreign", name="Foreign")
    ImportRun.objects.update(organization=foreign)
    (run,) = ImportRun.objects.all()
    assert as_alice.get("/runs").json()["results"] == []
    for address in (f"/runs/{run.pk}", f"/runs/{run.pk}/operations", "/runs/x"):
        assert (as_alice.get(address).status_code, as_alice.get(address).json()["error"]) == (
            404,
            "There is no such run.",
        )
