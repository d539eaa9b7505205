"""Two versions of a workspace side by side."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tests.admin.pages import LIST, named, text
from workspaces.access import Actor
from workspaces.models import Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.workspace.editing import edit_workspace


@pytest.fixture
def lead(live: Callable[..., Applied], actor: Actor) -> Workspace:
    """Three versions: created, tier 3, tier 4 and protected."""
    live({"PM": {"Lead": {}}})
    workspace = named("Lead")
    edit_workspace(workspace, {"tier": 3}, actor=actor)
    edit_workspace(workspace, {"tier": 4, "protected": True}, actor=actor)
    return workspace


def keys(workspace: Workspace) -> list[int]:
    """Of its versions, the oldest first."""
    return list(workspace.history.order_by("history_id").values_list("history_id", flat=True))


def compare(client: Client, workspace: Workspace, before: object, after: object) -> str:
    return text(client.get(f"{LIST}{workspace.pk}/history/?from={before}&to={after}"))


def differences(page: str) -> dict[str, tuple[str, str]]:
    """Field → before and after, of the comparison."""
    compared = re.findall(r'<section class="ws-compared".*?</section>', page)[0]
    found = re.findall(r'<th scope="row">(.*?)</th><td class="a">(.*?)</td><td class="b">(.*?)</td>', compared)
    return {field: (before, after) for field, before, after in found}


def test_any_two_versions_can_be_compared(viewer: Client, lead: Workspace) -> None:
    first, second, third = keys(lead)
    assert differences(compare(viewer, lead, first, third)) == {"tier": ("2", "4"), "protected": ("False", "True")}
    assert differences(compare(viewer, lead, first, second)) == {"tier": ("2", "3")}


def test_the_older_one_is_before_whichever_was_named_first(viewer: Client, lead: Workspace) -> None:
    first, second, _ = keys(lead)
    page = compare(viewer, lead, second, first)
    assert "v1 → v2" in page
    assert differences(page) == {"tier": ("2", "3")}


def test_a_version_equals_itself(viewer: Client, lead: Workspace) -> None:
    first = keys(lead)[0]
    assert "Nothing differs between these two versions." in compare(viewer, lead, first, first)


def test_of_the_spec_only_the_keys_that_differ_are_shown(viewer: Client, lead: Workspace) -> None:
    for version, spec in zip(
        keys(lead), ({"a": 1, "b": [1]}, {"a": 1, "b": [1]}, {"a": 1, "c": {"d": 2}}), strict=True
    ):
        Workspace.history.filter(pk=version).update(spec=spec)
    _, second, third = keys(lead)
    found = differences(compare(viewer, lead, second, third))
    assert found["spec › b"] == ("[ 1 ]", "(not there)")
    assert found["spec › c"] == ("(not there)", "{ &quot;d&quot;: 2 }")
    assert "spec › a" not in found


def test_the_last_two_are_chosen_to_begin_with(viewer: Client, lead: Workspace) -> None:
    _, second, third = keys(lead)
    page = text(viewer.get(f"{LIST}{lead.pk}/history/"))
    assert f'name="from" value="{second}" checked' in page
    assert f'name="to" value="{third}" checked' in page
    assert "ws-compared" not in page


def test_a_workspace_with_one_version_offers_no_comparison(viewer: Client, lead: Workspace) -> None:
    page = text(viewer.get(f"{LIST}{named('PM').pk}/history/"))
    assert 'type="radio"' not in page
    assert "Compare" not in page


@pytest.mark.parametrize("wrong", ["0", "x", "9" * 30, "-1"])
def test_a_version_that_is_not_there_does_not_exist(viewer: Client, lead: Workspace, wrong: str) -> None:
    assert viewer.get(f"{LIST}{lead.pk}/history/?from={keys(lead)[0]}&to={wrong}").status_code == 404


def test_a_version_of_another_workspace_is_not_compared(viewer: Client, lead: Workspace) -> None:
    other = keys(named("PM"))[0]
    assert viewer.get(f"{LIST}{lead.pk}/history/?from={keys(lead)[0]}&to={other}").status_code == 404
