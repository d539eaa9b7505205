"""`POST /org/import` follows moves, changes fields, reports what people changed, and retires."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.api.shapes import faults
from tests.api.test_importing import asked
from tests.trees import AFTER, BEFORE
from workspaces.access import SYSTEM
from workspaces.api.answer_schemas import ImportAnswer
from workspaces.models import Organization, Schedule, Workspace
from workspaces.services.security.tokens import issue_workspace_token

PULSE = {"name": "Pulse", "cron_expr": "0 9 * * *"}
TIMED = {"cron_expr": "0 9 * * *", "timezone": "UTC", "prompt": "", "enabled": True}


def declared(*workspaces: dict[str, Any], name: str = "Dev team", **fields: Any) -> dict[str, Any]:
    return {"template": {"name": name, "workspaces": list(workspaces)}, "org": "acme", **fields}


def answered(as_alice: Caller, body: dict[str, Any]) -> Any:
    """The answer to an import, which is what its dry run announced, in the shape that is described."""
    plan = as_alice.post("/org/import", body | {"dry_run": True}).json()
    answer = as_alice.post("/org/import", body | {"confirm_removals": plan["reconcile_removed_count"]})
    assert (answer.status_code, faults(plan, ImportAnswer), faults(answer.json(), ImportAnswer)) == (201, [], [])
    for key in ("moved_count", "updated_count", "differs_count", "updated", "drift", "conflicts", "untouched"):
        assert answer.json()[key] == plan[key]
    return answer.json()


def reconciled(as_alice: Caller, *workspaces: dict[str, Any], **fields: Any) -> Any:
    return answered(as_alice, declared(*workspaces, mode="reconcile", **fields))


def id_of(name: str) -> str:
    return str(Workspace.objects.live().get(name=name).pk)


# ---- moves


def test_the_evening_moves_two_and_removes_nobody(as_alice: Caller, tree: Organization) -> None:
    before = dict(Workspace.objects.values_list("name", "pk"))
    answer = answered(as_alice, asked(AFTER, mode="reconcile"))
    counts = [answer[f"{what}_count"] for what in ("created", "moved", "skipped", "updated", "reconcile_removed")]
    assert counts == [0, 2, 9, 0, 0]
    assert dict(Workspace.objects.live().values_list("name", "pk")) == before


def test_a_move_says_from_where_to_where(as_alice: Caller, tree: Organization) -> None:
    first, second = answered(as_alice, asked(AFTER, mode="reconcile"))["moved"]
    pm, dev, infra = id_of("PM"), id_of("Dev Lead"), id_of("Infra Lead")
    assert first == {
        "id": dev,
        "name": "Dev Lead",
        "from": {"parent_id": infra, "path": ["PM", "Infra Lead", "Dev Lead"], "name": "Dev Lead"},
        "to": {"parent_id": pm, "path": ["PM", "Dev Lead"], "name": "Dev Lead"},
        "changes": [],
        "restarts": False,
    }
    assert (second["id"], second["to"]["path"]) == (infra, ["PM", "Dev Lead", "Infra Lead"])


def test_each_row_of_the_result_says_what_happens_to_it(as_alice: Caller, tree: Organization) -> None:
    body = asked({"PM": {"Dev Lead": {"New": {}}}}, mode="reconcile")
    rows = as_alice.post("/org/import", body | {"dry_run": True}).json()["workspaces"]
    assert [(row["name"], row["action"], row["skipped"]) for row in rows] == [
        ("PM", "keep", True),
        ("Dev Lead", "move", True),
        ("New", "create", False),
    ]
    assert (rows[1]["parent_id"], rows[2]["parent_id"], rows[2]["id"]) == (id_of("PM"), id_of("Dev Lead"), None)


def test_the_new_parent_of_a_move_has_no_id_before_it_is_created(as_alice: Caller, tree: Organization) -> None:
    body = asked({"PM": {"Ops": {"SRE Engineer": {}}}}, mode="reconcile")
    (planned,) = as_alice.post("/org/import", body | {"dry_run": True}).json()["moved"]
    (moved,) = as_alice.post("/org/import", body).json()["moved"]
    assert (planned["to"]["parent_id"], moved["to"]["parent_id"]) == (None, id_of("Ops"))


@pytest.mark.parametrize(
    ("fields", "created", "moved", "left"),
    [
        ({"mode": "merge"}, 8, 0, 8),
        ({"mode": "merge", "moves": True}, 0, 2, 0),
        ({"mode": "reconcile", "moves": False}, 8, 0, 0),
        ({"mode": "reconcile", "moves": None}, 0, 2, 0),
    ],
)
def test_merge_moves_where_it_is_asked_to_and_reconcile_unless(
    as_alice: Caller, tree: Organization, fields: dict[str, Any], created: int, moved: int, left: int
) -> None:
    answer = as_alice.post("/org/import", asked(AFTER, dry_run=True, **fields)).json()
    assert (answer["created_count"], answer["moved_count"], len(answer["left_running"])) == (created, moved, left)


def test_after_the_accident_the_older_ones_take_their_places_back(as_alice: Caller, tree: Organization) -> None:
    old = {str(key) for key in Workspace.objects.values_list("pk", flat=True)}
    as_alice.post("/org/import", asked(AFTER, mode="merge"))
    answer = answered(as_alice, asked(AFTER, mode="reconcile", prefer="oldest"))
    assert (answer["created_count"], answer["moved_count"], answer["reconcile_removed_count"]) == (0, 2, 8)
    assert {row["id"] for row in answer["workspaces"]} == old
    assert {row["reason"] for row in answer["reconcile_removed"]} <= {"superseded", "zombie"}


# ---- updates


def test_a_changed_field_is_an_update_and_a_second_run_is_empty(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "PM", "role": "plans", "tier": 2})
    answer = reconciled(as_alice, {"name": "PM", "role": "leads", "tier": 3})
    change, tier = ({"field": "role", "from": "plans", "to": "leads"}, {"field": "tier", "from": 2, "to": 3})
    assert answer["updated"] == [{"id": id_of("PM"), "name": "PM", "changes": [change, tier], "restarts": False}]
    assert [(row["action"], row["tier"]) for row in answer["workspaces"]] == [("update", 3)]
    again = reconciled(as_alice, {"name": "PM", "role": "leads", "tier": 3})
    assert (again["updated_count"], again["differs_count"]) == (0, 0)


def test_a_schedule_comes_changes_and_goes_by_its_name(as_alice: Caller, organization: Organization) -> None:
    changes = []
    hourly = PULSE | {"cron_expr": "0 * * * *"}
    for schedules in ([], [PULSE], [hourly], []):
        answer = reconciled(as_alice, {"name": "PM", "schedules": schedules})
        changes += [change for row in answer["updated"] for change in row["changes"]]
    later = TIMED | {"cron_expr": "0 * * * *"}
    assert changes == [
        {"field": "schedules.Pulse", "from": None, "to": TIMED},
        {"field": "schedules.Pulse", "from": TIMED, "to": later},
        {"field": "schedules.Pulse", "from": later, "to": None},
    ]
    assert not Schedule.objects.exists()


def test_a_move_that_changes_fields_counts_as_a_move(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "PM", "children": [{"name": "QA", "model": "small"}]})
    answer = reconciled(as_alice, {"name": "PM"}, {"name": "QA", "model": "large"})
    assert (answer["moved_count"], answer["updated_count"], answer["updated"]) == (1, 0, [])
    assert answer["moved"][0]["changes"] == [{"field": "model", "from": "small", "to": "large"}]


def test_merge_only_counts_what_differs(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "PM", "role": "plans"})
    answer = answered(as_alice, declared({"name": "PM", "role": "leads"}))
    assert (answer["updated"], answer["drift"], answer["conflicts"], answer["differs_count"]) == ([], [], [], 1)
    answer = answered(as_alice, declared({"name": "PM", "role": "leads"}, updates=True))
    assert (answer["updated_count"], answer["differs_count"]) == (1, 0)


def test_what_people_changed_is_left_and_reported(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "PM", "role": "plans", "tier": 2})
    as_alice.patch(f"/workspaces/{id_of('PM')}", {"role": "sings", "tier": 4})
    answer = reconciled(as_alice, {"name": "PM", "role": "leads", "tier": 2})
    left = {"id": id_of("PM"), "name": "PM", "restarts": False}
    assert answer["drift"] == [left | {"changes": [{"field": "tier", "from": 4, "to": 2}]}]
    assert answer["conflicts"] == [left | {"changes": [{"field": "role", "from": "sings", "to": "leads"}]}]
    assert (answer["updated_count"], answer["differs_count"], answer["workspaces"][0]["action"]) == (0, 1, "keep")


def test_what_an_agent_reports_is_no_difference_and_an_edit_is_one(as_alice: Caller, tree: Organization) -> None:
    agent = Caller(issue_workspace_token(Workspace.objects.get(name="PM"), actor=SYSTEM))
    agent.post(f"/workspaces/{id_of('PM')}/register", {"url": "http://10.0.0.7"})
    as_alice.patch(f"/workspaces/{id_of('QA Engineer')}", {"tier": 4})
    answer = answered(as_alice, asked(BEFORE, mode="reconcile"))
    assert [row["name"] for row in answer["drift"]] == ["QA Engineer"]
    row = as_alice.get(f"/workspaces/{id_of('PM')}").json()
    assert (row["url"], row["reported_url"]) == ("", "http://10.0.0.7")
    assert (row["template"], row["differs"]) == ("Dev team", "none")
    assert as_alice.get(f"/workspaces/{id_of('QA Engineer')}").json()["differs"] == "drift"


def test_overwrite_takes_the_side_of_the_template(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "PM", "role": "plans", "tier": 2})
    as_alice.patch(f"/workspaces/{id_of('PM')}", {"role": "sings", "tier": 4})
    answer = reconciled(as_alice, {"name": "PM", "role": "leads", "tier": 2}, overwrite=True)
    assert [each["field"] for each in answer["updated"][0]["changes"]] == ["role", "tier"]
    assert (answer["drift"], answer["conflicts"], answer["differs_count"]) == ([], [], 0)
    assert (Workspace.objects.get().role, Workspace.objects.get().tier) == ("leads", 2)


# ---- what the template does not name


def test_the_untouched_say_why(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "PM"}, {"name": "QA"})
    reconciled(as_alice, {"name": "Cook"}, name="Kitchen")
    as_alice.post("/workspaces", {"name": "Mine", "org": "acme"})
    answer = reconciled(as_alice, {"name": "PM"})
    assert {row["name"]: row["why"] for row in answer["untouched"]} == {
        "Mine": "by_hand",
        "Cook": "other_template",
        "QA": "no_longer_declared",
    }
    assert answer["untouched_count"] == 3


def test_what_is_held_and_not_named_stays_too(as_alice: Caller, organization: Organization) -> None:
    keep = {"name": "Mid", "children": [{"name": "Keep"}]}
    reconciled(as_alice, {"name": "PM", "children": [{"name": "Old", "children": [keep]}]})
    as_alice.patch(f"/workspaces/{id_of('Keep')}", {"protected": True})
    answer = reconciled(as_alice, {"name": "PM"}, {"name": "Old"}, moves=False)
    assert [row["name"] for row in answer["reconcile_errors"]] == ["Old", "Mid", "Keep"]
    assert [row["name"] for row in answer["left_running"]] == ["Old"]
    assert ([row["name"] for row in answer["untouched"]], answer["untouched_count"]) == (["Mid", "Keep"], 2)


def test_retire_removes_what_this_template_no_longer_declares(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "PM"}, {"name": "QA"})
    reconciled(as_alice, {"name": "Cook"}, name="Kitchen")
    answer = reconciled(as_alice, {"name": "PM"}, retire=True)
    assert [(row["name"], row["reason"]) for row in answer["reconcile_removed"]] == [("QA", "retired")]
    assert sorted(Workspace.objects.live().values_list("name", flat=True)) == ["Cook", "PM"]


def test_a_renamed_document_says_so(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "PM"}, {"name": "QA"})
    body = declared({"name": "PM"}, name="Platform", mode="reconcile", retire=True)
    body["template"]["previously"] = "Dev team"
    assert [row["reason"] for row in answered(as_alice, body)["reconcile_removed"]] == ["retired"]
    assert Workspace.objects.live().get().template == "Platform"


# ---- previously


@pytest.mark.parametrize("previously", ["Coder", ["Coder"], [["PM", "Coder"]], ["Nobody", ["PM", "Coder"]]])
def test_a_renamed_workspace_says_what_it_was(as_alice: Caller, organization: Organization, previously: Any) -> None:
    reconciled(as_alice, {"name": "PM", "children": [{"name": "Coder"}]})
    before = id_of("Coder")
    answer = reconciled(as_alice, {"name": "PM", "children": [{"name": "Developer", "previously": previously}]})
    (moved,) = answer["moved"]
    assert (moved["id"], moved["name"], moved["from"]["name"]) == (before, "Developer", "Coder")
    assert answer["created_count"] == 0


def test_without_moves_previously_is_ignored_with_a_warning(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "Coder"})
    answer = reconciled(as_alice, {"name": "Developer", "previously": "Coder"}, moves=False)
    assert (answer["created_count"], answer["moved_count"]) == (1, 0)
    assert "`previously` is ignored, because moves are off: Developer" in answer["warnings"]
    again = reconciled(as_alice, {"name": "Developer", "previously": "Coder"}, moves=False)
    assert again["warnings"] == []  # it may stay in the template


def test_what_could_be_two_is_never_guessed(as_alice: Caller, organization: Organization) -> None:
    reconciled(as_alice, {"name": "A", "children": [{"name": "QA"}]}, {"name": "B", "children": [{"name": "QA"}]})
    answer = as_alice.post(
        "/org/import", declared({"name": "A"}, {"name": "B"}, {"name": "QA"}, dry_run=True, moves=True)
    )
    assert (answer.json()["created_count"], answer.json()["moved_count"]) == (1, 0)
    assert answer.json()["warnings"] == ["QA: two could be meant: A › QA, B › QA; name one with `previously`"]


# ---- options are part of the plan


def test_a_plan_shown_with_other_options_is_another_plan(as_alice: Caller, tree: Organization) -> None:
    body = asked(BEFORE, mode="reconcile")
    prints = {
        as_alice.post("/org/import", body | fields | {"dry_run": True}).json()["fingerprint"]
        for fields in (
            {},
            {"moves": False},
            {"updates": False},
            {"retire": True},
            {"overwrite": True},
            {"prefer": "oldest"},
        )
    }
    assert len(prints) == 6
    shown = as_alice.post("/org/import", body | {"retire": True, "dry_run": True}).json()["fingerprint"]
    assert as_alice.post("/org/import", body | {"fingerprint": shown}).status_code == 409
    assert as_alice.post("/org/import", body | {"fingerprint": shown, "retire": True}).status_code == 201
