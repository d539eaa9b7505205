"""`GET /events`"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from audit.emitting import Event, emit
from audit.event_types import FAMILIES, NAMES
from audit.models import StructureEvent
from tests.api.conftest import Caller
from workspaces.models import Organization, Workspace


def types(answer: Any) -> list[str]:
    return [row["event_type"] for row in answer.json()["results"]]


def happen(*types: str, organization: str = "acme", **facts: Any) -> None:
    emit([Event(event_type=each, organization=organization, **{"actor": "alice", **facts}) for each in types])


def test_the_newest_comes_first_with_all_its_facts(as_alice: Caller) -> None:
    workspace_id, import_id = uuid4(), uuid4()
    happen("workspace.online")
    happen("workspace.removed", workspace_id=workspace_id, import_id=import_id, payload={"name": "PM"})
    first, second = as_alice.get("/events/").json()["results"]
    assert first["id"] > second["id"]
    assert first.pop("created_at")
    assert {**first, "id": 0} == {
        "id": 0, "event_type": "workspace.removed", "organization": "acme", "workspace_id": str(workspace_id),
        "import_id": str(import_id), "actor": "alice", "payload": {"name": "PM"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("workspace.online", 1), ("workspace.*", 2), ("workspace.", 2), ("workspace.release*", 1), ("org.*", 1),
        ("*", 3), ("workspace.failed", 0), ("security.*", 0), ("org.run.*", 0),
    ],
)  # fmt: skip
def test_a_type_is_exact_or_a_prefix(as_alice: Caller, wanted: str, found: int) -> None:
    happen("workspace.online", "workspace.released", "org.import.started")
    assert len(types(as_alice.get("/events", type=wanted))) == found


@pytest.mark.parametrize(
    "wanted",
    [
        "nothing", "w%", "workspace", "WORKSPACE.ONLINE", "WORKSPACE.*", "workspace.onlin", "workspaces.*", "foo.*",
        "workspace.remved", ".", "org.import.started.", "workspace.removed.*", "provisioning",
    ],
)  # fmt: skip
def test_a_type_that_does_not_exist_is_refused_with_those_that_do(as_alice: Caller, wanted: str) -> None:
    happen("workspace.online")
    answer = as_alice.get("/events", type=wanted)
    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["path"]) == (400, "type")
    assert wanted in problem["message"]
    assert all(name in problem["message"] for name in NAMES)


def test_every_type_and_every_beginning_of_one_can_be_asked_for(as_alice: Caller) -> None:
    for wanted in (*NAMES, *FAMILIES, "workspace.re*", "security.token_*"):
        assert as_alice.get("/events", type=wanted).status_code == 200, wanted


def test_an_id_or_a_name_that_no_event_has_is_an_empty_list(as_alice: Caller) -> None:
    happen("workspace.online")
    for query in ({"workspace": str(uuid4())}, {"import_id": str(uuid4())}, {"actor": "nobody"}):
        answer = as_alice.get("/events", **query)
        assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_events_are_filtered_by_workspace_import_and_actor(as_alice: Caller) -> None:
    one, other = uuid4(), uuid4()
    happen("a", workspace_id=one)
    happen("b", import_id=other)
    happen("c", actor="bob")
    assert types(as_alice.get("/events", workspace=str(one))) == ["a"]
    assert types(as_alice.get("/events", import_id=str(other))) == ["b"]
    assert types(as_alice.get("/events", actor="bob")) == ["c"]
    assert types(as_alice.get("/events", actor="bob", workspace=str(one))) == []


def test_events_are_filtered_by_time(as_alice: Caller) -> None:
    happen("a")
    happen("b")
    at = StructureEvent.objects.get(event_type="b").created_at
    assert types(as_alice.get("/events", since=at.isoformat())) == ["b"]
    assert types(as_alice.get("/events", until=at.isoformat())) == ["a"]
    assert types(as_alice.get("/events", since=at.replace(tzinfo=None).isoformat())) == ["b"]
    assert types(as_alice.get("/events", since=at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))) == ["b"]
    assert types(as_alice.get("/events", since="2020-01-01", until="2020-01-02")) == []


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"}, {"since": ""}, {"until": "2026-01-01T00:00:00 01:00"}, {"since": "1" * 400},
        {"since": "0001-01-01T00:00:00+14:00"}, {"until": "9999-12-31T23:59:59-14:00"}, {"workspace": "5"},
        {"import_id": "x"}, {"typ": "a"}, {"type": ""}, {"type": "a\0"}, {"actor": ["a", "b"]}, {"cursor": "e30"},
        {"org": "\0"},
    ],
    ids=lambda query: str(query)[:50],
)  # fmt: skip
def test_an_odd_filter_is_refused(as_alice: Caller, query: dict[str, Any]) -> None:
    answer = as_alice.get("/events", **query)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, next(iter(query)))


def test_only_the_own_organizations_are_heard_of(as_alice: Caller, as_charlie: Caller) -> None:
    happen("a")
    happen("b", organization="elsewhere")
    assert types(as_alice.get("/events")) == ["a"]
    assert types(as_charlie.get("/events", org="elsewhere")) == ["b"]


@pytest.mark.usefixtures("as_charlie")
def test_an_unknown_organization_and_one_of_strangers_are_the_same(as_alice: Caller) -> None:
    unknown, strange = as_alice.get("/events", org="nowhere"), as_alice.get("/events", org="elsewhere")
    assert unknown.status_code == strange.status_code == 404
    assert unknown.content == strange.content


def test_a_superuser_hears_of_all(as_alice: Caller, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    happen("a", organization="forgotten")
    assert "a" in types(as_alice.get("/events"))


def test_an_import_and_a_delete_are_told(
    as_alice: Caller, tree: Organization, named: Callable[[str], Workspace]
) -> None:
    gone = named("QA Engineer").pk
    as_alice.delete(f"/workspaces/{gone}")
    assert types(as_alice.get("/events", workspace=str(gone)))[-1] == "workspace.provisioning"
    assert "workspace.removed" in types(as_alice.get("/events", workspace=str(gone)))
    assert types(as_alice.get("/events", type="org.import.")) == ["org.import.completed", "org.import.started"]
