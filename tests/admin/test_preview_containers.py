"""A preview says what happens to each container and its data, and asks before one goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.admin.pages import named, text
from workspaces.models import Container, ImportRun, Organization

Upload = Callable[..., str]


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"


@pytest.fixture
def changed(operator: Client, organization: Organization) -> Upload:
    """Make PM live, then upload a template that says these fields of it; the address of the preview."""

    def ask(**fields: object) -> str:
        for said in ({"tier": 2}, {"tier": 2, **fields}):
            document = yaml.safe_dump({"name": "Dev team", "workspaces": [{"name": "PM", **said}]})
            sent = {"org": organization.slug, "file": SimpleUploadedFile("dev.yaml", document.encode())}
            address = operator.post(reverse("admin:import"), sent)["Location"]
            if len(said) == 1:
                operator.post(address, {"mode": "merge"})
        return address

    return ask


def test_another_runtime_restarts_on_the_same_volumes(operator: Client, changed: Upload) -> None:
    page = text(operator.get(changed(runtime="codex")))
    assert "1 field, restarts" in page
    assert '<span class="ws-data">restarts on the same volumes</span>' in page
    assert "update, restarts the container" in page
    assert "Updates 1, removes nothing.</b> 1 restarts." in page


def test_another_role_is_delivered(operator: Client, changed: Upload) -> None:
    page = text(operator.get(changed(role="Leads")))
    assert "1 field, no restart" in page
    assert "delivered into the running container" in page
    assert "update, without a restart" in page


def test_a_container_goes_only_after_a_tick(operator: Client, changed: Upload) -> None:
    address = changed(external=True, url="https://agent.example")
    page = text(operator.get(address))
    assert "1 container goes, the data is kept." in page
    assert "needs the tick" in page
    assert re.search(r"Release the 1 container of what becomes\s+external", page)
    refused = operator.post(address, {"mode": "reconcile", "confirm_removals": "0"})
    assert refused.status_code == 400
    assert not named("PM").external
    operator.post(address, {"mode": "reconcile", "confirm_removals": "0", "accept_collateral": "1"})
    assert named("PM").external


def test_merge_asks_for_the_same_tick(operator: Client, changed: Upload) -> None:
    address, options = (
        changed(external=True, url="https://agent.example"),
        {"mode": "merge", "options": "1", "merge_updates": "1", "confirm_removals": "0"},
    )
    assert "accept_collateral" in text(operator.get(f"{address}?options=1&merge_updates=1"))
    assert operator.post(address, options).status_code == 400
    operator.post(address, {**options, "accept_collateral": "1"})
    assert ImportRun.objects.get(updated_count=1).mode == "merge"


def test_a_new_one_gets_a_container_and_volumes(operator: Client, changed: Upload) -> None:
    assert "new container, new volumes" in text(operator.get(changed(children=[{"name": "Ann"}])))


def test_the_run_waits_for_what_restarts(operator: Client, changed: Upload) -> None:
    address = changed(runtime="codex")
    Container.objects.update(due_at=None, observed="running")
    answer = operator.post(address, {"mode": "reconcile", "confirm_removals": "0"}, follow=True)
    page = text(answer)
    assert "Not done yet. 1 workspace updated" in page
    assert re.search(r"3 Update and move <span[^>]*><i[^>]*>…</i>0 of 1</span>", page)
    assert re.search(r"2 Create <span[^>]*><i[^>]*>·</i>nothing to do</span>", page)
