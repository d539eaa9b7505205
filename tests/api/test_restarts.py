"""`POST /org/import` on a site with containers says which of them are made anew, and asks before one goes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.api.test_moves_and_updates import declared, id_of, reconciled
from workspaces.models import Container, Organization, Workspace
from workspaces.services.containers.installation import installation


@pytest.fixture(autouse=True)
def _with_containers(settings: Any, organization: Organization) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_RUNTIME_IMAGES = "fake", {"*": "agent:1"}
    installation()


@pytest.fixture
def running(as_alice: Caller) -> None:
    reconciled(as_alice, {"name": "PM", "children": [{"name": "QA"}]})
    Workspace.objects.update(status="online")


@pytest.mark.usefixtures("running")
def test_a_change_that_takes_a_new_container_restarts_and_another_does_not(as_alice: Caller) -> None:
    answer = reconciled(as_alice, {"name": "PM", "runtime": "new", "children": [{"name": "QA", "role": "tests"}]})
    assert [(row["name"], row["restarts"]) for row in answer["updated"]] == [("PM", True), ("QA", False)]
    said = {row["name"]: row["status"] for row in answer["workspaces"]}
    assert said == {"PM": "provisioning", "QA": "online"}
    assert said == dict(Workspace.objects.values_list("name", "status"))


@pytest.mark.usefixtures("running")
def test_a_move_restarts_only_what_changes_too(as_alice: Caller) -> None:
    before = dict(Container.objects.values_list("workspace__name", "generation"))
    (moved,) = reconciled(as_alice, {"name": "PM"}, {"name": "QA", "runtime": "new"})["moved"]
    assert (moved["restarts"], [each["field"] for each in moved["changes"]]) == (True, ["runtime"])
    (moved,) = reconciled(as_alice, {"name": "QA", "runtime": "new", "children": [{"name": "PM"}]})["moved"]
    assert (moved["name"], moved["restarts"]) == ("PM", False)
    assert Container.objects.get(workspace__name="PM").generation == before["PM"]


@pytest.mark.usefixtures("running")
def test_a_container_that_would_go_has_to_be_confirmed(as_alice: Caller) -> None:
    body = declared({"name": "PM", "external": True, "url": "https://pm.example"}, mode="reconcile")
    refused = as_alice.post("/org/import", body)
    assert (refused.status_code, refused.json()["plan"]["verdict"]["word"]) == (409, "tick")
    answer = as_alice.post("/org/import", body | {"confirm_removals": refused.json()["confirm_removals"]})
    assert (answer.status_code, answer.json()["workspaces"][0]["status"]) == (201, "online")
    assert Workspace.objects.get(pk=id_of("PM")).status == "online"
