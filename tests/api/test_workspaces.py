"""`/workspaces`: list, create, look at, change."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import StructureEvent
from tests.api.conftest import Caller
from tests.zips import packed
from workspaces.core.filesets import FolderFiles
from workspaces.models import Organization, Status, Workspace, WorkspaceToken
from workspaces.services.security.tokens import digest

Named = Callable[[str], Workspace]
NOBODY = UUID("11111111-2222-4333-8444-555555555555")


def names(answer: Any) -> list[str]:
    return sorted(row["name"] for row in answer.json()["results"])


def test_the_list_shows_the_workspaces_of_the_own_organizations(as_bob: Caller, tree: Organization) -> None:
    answer = as_bob.get("/workspaces")
    assert len(answer.json()["results"]) == 9
    assert {row["organization"] for row in answer.json()["results"]} == {"acme"}


@pytest.mark.usefixtures("tree")
def test_a_stranger_sees_an_empty_list(as_charlie: Caller) -> None:
    assert as_charlie.get("/workspaces").json() == {"next": None, "previous": None, "results": []}


def test_the_list_is_filtered_by_name_parent_and_status(as_alice: Caller, named: Named) -> None:
    as_alice.delete(f"/workspaces/{named('QA Engineer').pk}")
    parent = str(named("Dev Lead").pk)
    assert names(as_alice.get("/workspaces", name="PM")) == ["PM"]
    assert (
        names(as_alice.get("/workspaces", parent="none")) == names(as_alice.get("/workspaces", parent="null")) == ["PM"]
    )
    assert names(as_alice.get("/workspaces", status="removed")) == ["QA Engineer"]
    assert len(names(as_alice.get("/workspaces", status="live"))) == 8
    assert len(names(as_alice.get("/workspaces", status="all"))) == 9
    assert names(as_alice.get("/workspaces", parent=parent, status="online")) == [
        "Backend Engineer",
        "Frontend Engineer",
        "Technical Writer",
    ]


def test_the_list_is_of_live_ones_unless_a_status_is_asked_for(as_alice: Caller, named: Named) -> None:
    gone = named("QA Engineer")
    as_alice.delete(f"/workspaces/{gone.pk}")
    for query in ({}, {"org": "acme"}, {"page_size": "5"}):
        assert not any(row["status"] == "removed" for row in as_alice.get("/workspaces", **query).json()["results"])
    assert names(as_alice.get("/workspaces", name="QA Engineer")) == []
    assert names(as_alice.get("/workspaces", name="QA Engineer", status="all")) == ["QA Engineer"]
    assert names(as_alice.get("/workspaces", parent=str(gone.parent_id), status="removed")) == ["QA Engineer"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="plans are PostgreSQL's")
def test_removed_ones_cost_the_list_nothing(as_alice: Caller, organization: Organization) -> None:
    now = timezone.now()
    same = {"organization": organization, "created_at": now, "updated_at": now}
    gone = (Workspace(name=f"gone {n}", status=Status.REMOVED, removed_at=now, **same) for n in range(20_000))
    live = (Workspace(name=f"live {n}", status=Status.ONLINE, **same) for n in range(300))
    for rows in (gone, live):
        Workspace.objects.bulk_create(rows, batch_size=5_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workspaces_workspace")
    with CaptureQueriesContext(connection) as asked:
        assert len(as_alice.get("/workspaces").json()["results"]) == 100
    (statement,) = (each["sql"] for each in asked if "LIMIT 101" in each["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    thrown_away = [int(number) for number in re.findall(r"Rows Removed by Filter: (\d+)", plan)]
    assert sum(thrown_away) < 1_000, plan


@pytest.mark.parametrize("status", ["gone", "Live", "ALL", "online,offline", "l%ve", "deleted"])
@pytest.mark.usefixtures("tree")
def test_an_unknown_status_is_refused_with_those_there_are(as_alice: Caller, status: str) -> None:
    answer = as_alice.get("/workspaces", status=status)
    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["path"]) == (400, "status")
    assert status in problem["message"]
    assert "live, all, provisioning, online, offline, failed, removed" in problem["message"]


def test_the_list_is_filtered_by_organization(as_alice: Caller, tree: Organization, charlie: User) -> None:
    assert len(names(as_alice.get("/workspaces", org="acme"))) == 9
    unknown, strange = as_alice.get("/workspaces", org="nowhere"), as_alice.get("/workspaces", org="elsewhere")
    assert unknown.status_code == strange.status_code == 404
    assert unknown.content == strange.content


@pytest.mark.parametrize(
    "query",
    [
        {"nmae": "PM"}, {"status": "gone"}, {"status": ""}, {"name": " "}, {"org": ""}, {"parent": "PM"},
        {"parent": "0" * 5000}, {"name": "a\0b"}, {"name": ["a", "b"]}, {"page_size": "0"}, {"page_size": "1001"},
        {"page_size": "9" * 30}, {"page_size": "-1"}, {"cursor": "x"}, {"cursor": "é"}, {"cursor": "WzEsMl0"},
        {"cursor": "A" * 9000}, {"format": "json"}, {"page_size": "²"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.usefixtures("tree")
def test_an_odd_filter_is_refused_instead_of_returning_everything(as_alice: Caller, query: dict[str, Any]) -> None:
    answer = as_alice.get("/workspaces", **query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] in query


@pytest.mark.usefixtures("tree")
def test_of_many_problems_a_hundred_are_named(as_alice: Caller) -> None:
    answer = as_alice.get("/workspaces", **{f"filter{number}": "x" for number in range(150)})
    assert (answer.status_code, answer.json()["error"]) == (400, "The request has 150 errors.")
    assert len(answer.json()["errors"]) == 100


def test_one_workspace_is_shown_with_all_that_belongs_to_it(as_bob: Caller, named: Named) -> None:
    shown = as_bob.get(f"/workspaces/{named('QA Engineer').pk}").json()
    assert shown["path"] == ["PM", "Infra Lead", "Dev Lead"]
    assert (shown["organization"], shown["status"], shown["container"]) == ("acme", "online", None)
    assert (shown["spec"], shown["schedules"], shown["children_count"]) == ({}, [], 0)
    assert as_bob.get(f"/workspaces/{named('Dev Lead').pk}/").json()["children_count"] == 4


def test_the_digest_of_its_files_is_shown(as_alice: Caller, organization: Organization) -> None:
    files = {"org.yaml": "name: x\nworkspaces: [{name: PM, files_dir: pm, children: [{name: QA}]}]", "pm/a.md": "ay"}
    upload = SimpleUploadedFile("dev.zip", packed(files))
    answer = as_alice.upload("/org/import", file=upload, org=organization.slug).json()
    digests = [as_alice.get(f"/workspaces/{row['id']}").json()["files"] for row in answer["workspaces"]]
    assert digests == [FolderFiles.of({"a.md": b"ay"}).digest, None]


def test_schedules_are_shown(as_alice: Caller) -> None:
    pulse = {"name": "Pulse", "cron_expr": "*/5 * * * *", "prompt": "How is it going?"}
    template = {"name": "Dev", "workspaces": [{"name": "PM", "schedules": [pulse]}]}
    made = as_alice.post("/org/import", {"template": template, "org": "acme"}).json()["workspaces"][0]
    (schedule,) = as_alice.get(f"/workspaces/{made['id']}").json()["schedules"]
    assert (schedule["cron_expr"], schedule["enabled"], schedule["source"]) == ("*/5 * * * *", True, "template")


@pytest.mark.parametrize("text", [str(NOBODY), "5", "PM", "%00", "%ff", "0" * 300, NOBODY.hex, f"{{{NOBODY}}}"])
def test_an_id_that_is_none_is_not_found(as_alice: Caller, text: str) -> None:
    answer = as_alice.get(f"/workspaces/{text}")
    assert (answer.status_code, answer.json()["errors"]) == (404, [])


def test_a_workspace_is_created_by_hand(as_alice: Caller, named: Named) -> None:
    parent = named("PM")
    body = {"name": " Scribe ", "parent": str(parent.pk), "org": "acme", "role": "notes", "tier": 3, "spec": {"a": [1]}}
    answer = as_alice.post("/workspaces", body)
    made = answer.json()
    assert (answer.status_code, made["name"], made["parent_id"], made["tier"]) == (201, "Scribe", str(parent.pk), 3)
    assert (made["path"], made["spec"], made["runtime"]) == (["PM"], {"a": [1]}, "langgraph")
    assert Workspace.objects.get(pk=made["id"]).history.get().history_actor == "alice"


def test_an_external_workspace_is_created_with_its_url(as_alice: Caller) -> None:
    body = {"name": "Elsewhere", "org": "acme", "external": True, "url": "https://agent.example.org/"}
    made = as_alice.post("/workspaces/", body).json()
    assert (made["external"], made["url"]) == (True, "https://agent.example.org/")


def test_a_live_sibling_of_that_name_is_a_conflict(as_alice: Caller, tree: Organization) -> None:
    answer = as_alice.post("/workspaces", {"name": "PM", "org": "acme"})
    assert (answer.status_code, answer.json()["errors"]) == (409, [])


@pytest.mark.parametrize("old", ["Data\u00a0Analyst", "Data  Analyst", "Data Analyst"])
def test_a_live_sibling_that_looks_alike_is_a_conflict(as_alice: Caller, organization: Organization, old: str) -> None:
    now = timezone.now()
    Workspace.objects.bulk_create([Workspace(organization=organization, name=old, created_at=now, updated_at=now)])
    for name in ("Data Analyst", "Data\u2003Analyst"):
        assert as_alice.post("/workspaces", {"org": "acme", "name": name}).status_code == 409


def test_a_name_is_found_whatever_space_was_typed(as_alice: Caller) -> None:
    as_alice.post("/workspaces", {"org": "acme", "name": "\u00a0Data \u00a0Analyst"})
    for name in ("Data Analyst", "Data\u00a0Analyst", "Data  Analyst"):
        assert names(as_alice.get(f"/workspaces?{urlencode({'name': name})}")) == ["Data Analyst"]


@pytest.mark.parametrize("name", ["\u3164", "PM\ufe0f", "PM\u2060", "\u2800", "PM\U000e0101", "\ufdd0"])
def test_a_name_with_something_unseen_is_refused(as_alice: Caller, name: str) -> None:
    answer = as_alice.post("/workspaces", {"org": "acme", "name": name})
    assert answer.status_code == 400
    assert "must not contain U+" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "  "), ("name", "a\nb"), ("name", "a\u202eb"), ("name", "x" * 256), ("name", 5),
        ("name", None), ("tier", 0), ("tier", 5), ("tier", "3"), ("tier", True), ("tier", 2.5), ("parent", "PM"),
        ("parent", str(NOBODY)), ("parent", [1]), ("role", 5), ("runtime", ""), ("runtime", "x" * 256),
        ("model", "x" * 256), ("external", "yes"), ("external", None), ("url", "ftp://x"), ("url", "javascript:x"),
        ("url", "http://169.254.169.254/"), ("url", 5), ("spec", []), ("spec", "text"), ("spec", None),
        ("status", "removed"), ("protected", True), ("id", str(NOBODY)), ("organization", "acme"),
    ],
    ids=str,
)  # fmt: skip
def test_a_field_of_a_new_workspace_that_makes_no_sense_is_named(as_alice: Caller, field: str, value: Any) -> None:
    answer = as_alice.post("/workspaces", {"name": "New", "org": "acme", field: value})
    assert answer.status_code == 400
    assert [row["path"] for row in answer.json()["errors"]] == [field]
    assert not Workspace.objects.exists()


def test_an_external_workspace_without_a_url_is_refused(as_alice: Caller) -> None:
    answer = as_alice.post("/workspaces", {"name": "New", "org": "acme", "external": True})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "url")


def test_a_parent_of_another_organization_is_no_parent(as_charlie: Caller, named: Named) -> None:
    body = {"name": "Spy", "org": "elsewhere", "parent": str(named("PM").pk)}
    assert as_charlie.post("/workspaces", body).status_code == 400


def test_protection_role_and_tier_are_changed_with_history(as_alice: Caller, named: Named) -> None:
    pm = named("PM")
    answer = as_alice.patch(f"/workspaces/{pm.pk}", {"protected": True, "role": "lead", "tier": 4})
    assert (answer.status_code, answer.json()["protected"], answer.json()["tier"]) == (200, True, 4)
    latest = pm.history.first()
    assert (latest.role, latest.history_actor) == ("lead", "alice")


def test_a_change_keeps_the_reason_given(as_alice: Caller, named: Named) -> None:
    pm = named("PM")
    assert as_alice.patch(f"/workspaces/{pm.pk}", {"protected": True, "reason": "holds the keys"}).status_code == 200
    assert pm.history.first().history_change_reason == "holds the keys"
    payload = StructureEvent.objects.get(event_type="workspace.changed").payload
    assert payload["changes"] == [{"field": "protected", "from": False, "to": True}]
    assert (payload["reason"], payload["path"]) == ("holds the keys", ["PM"])


def test_a_change_of_nothing_writes_no_history(as_alice: Caller, named: Named) -> None:
    pm = named("PM")
    assert as_alice.patch(f"/workspaces/{pm.pk}/", {}).status_code == 200
    assert pm.history.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {"name": "X"},
        {"status": "removed"},
        {"protected": "maybe"},
        {"protected": None},
        {"tier": 9},
        {"role": None},
        [],
        5,
    ],
    ids=str,
)
def test_nothing_else_can_be_changed(as_alice: Caller, named: Named, body: Any) -> None:
    assert as_alice.patch(f"/workspaces/{named('PM').pk}", body).status_code == 400


def test_a_removed_workspace_stays_as_it_is(as_alice: Caller, named: Named) -> None:
    address = f"/workspaces/{named('QA Engineer').pk}"
    as_alice.delete(address)
    assert as_alice.patch(address, {"tier": 1}).status_code == 409
    assert as_alice.post(f"{address}/tokens").status_code == 409
    assert as_alice.get(address).json()["status"] == "removed"


def test_a_token_for_the_agent_is_shown_once(as_alice: Caller, named: Named) -> None:
    answer = as_alice.post(f"/workspaces/{named('PM').pk}/tokens")
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert WorkspaceToken.objects.get().digest == digest(answer.json()["token"])
