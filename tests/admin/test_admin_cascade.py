"""Cascade delete: every workspace that goes is shown once, and nothing else goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from tests.admin.pages import CASCADE, LIST, live_names, named, text
from tests.trees import BEFORE
from workspaces.access import Actor
from workspaces.admin.cascade.cascade_context import CascadeView
from workspaces.core.template import Node
from workspaces.models import Membership, Organization, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import edit_workspace

QUERIES = 12  # whatever the number of workspaces


@pytest.fixture(autouse=True)
def _tree(live: Callable[..., Applied]) -> None:
    live(BEFORE)


def look(client: Client, *chosen: Workspace) -> str:
    return text(client.post(LIST, {"action": "cascade_delete", "_selected_action": [str(each.pk) for each in chosen]}))


def confirm(client: Client, *chosen: Workspace, number: int, **more: Any) -> HttpResponse:
    """Send the form as the page just showed it."""
    ids = [each.pk for each in chosen]
    shown = CascadeView.of(ids).fingerprint
    sent = {"_selected_action": ids, "fingerprint": shown, "confirm": "1", "confirm_removals": number}
    return client.post(CASCADE, {**sent, **more})


def test_the_confirmation_lists_every_descendant_once(operator: Client) -> None:
    page = look(operator, named("Infra Lead"), named("Dev Lead"))
    assert "You selected 2. One of them lies below another, so 1 subtree goes: 8 workspaces." in page
    assert page.count("<del>") == 8
    assert page.count('class="ws-root"') == 1
    assert "and below Infra Lead: counted once" in page
    assert "6 of the 8 were not selected by you" in page


def test_looking_removes_nothing(operator: Client) -> None:
    look(operator, named("PM"))
    assert len(live_names()) == 9


def test_the_typed_number_removes_the_subtree(operator: Client) -> None:
    answer = confirm(operator, named("Infra Lead"), number=8, reason="no longer needed")
    assert answer["Location"] == LIST
    assert live_names() == ["PM"]
    gone = Workspace.objects.get(name="Infra Lead")
    assert gone.history.latest().history_change_reason == "no longer needed"
    assert gone.history.latest().history_actor == "alice"


def test_a_wrong_number_removes_nothing(operator: Client) -> None:
    answer = confirm(operator, named("Infra Lead"), number=7, reason="oops")
    assert answer.status_code == 400
    assert 'value="oops"' in text(answer)
    assert len(live_names()) == 9


def test_up_to_three_go_with_one_click(operator: Client) -> None:
    assert '<input type="hidden" name="confirm_removals" value="1">' in look(operator, named("SRE Engineer"))
    confirm(operator, named("SRE Engineer"), number=1)
    assert "SRE Engineer" not in live_names()


def test_a_protected_workspace_refuses_the_whole_cascade(operator: Client, actor: Actor) -> None:
    edit_workspace(named("QA Engineer"), {"protected": True}, actor=actor)
    assert "1 of them is protected, so none of this can be removed." in look(operator, named("Infra Lead"))
    answer = confirm(operator, named("Infra Lead"), number=8)
    assert answer.status_code == 409
    assert "Nothing was removed." in text(answer)
    assert len(live_names()) == 9


def test_a_tree_that_changed_meanwhile_is_shown_again(
    operator: Client, organization: Organization, actor: Actor
) -> None:
    seen = CascadeView.of([named("Infra Lead").pk]).fingerprint
    create_workspace(organization, Node(name="New", path=""), parent_id=named("Infra Lead").pk, actor=actor)
    answer = confirm(operator, named("Infra Lead"), number=8, fingerprint=seen)
    assert answer.status_code == 409
    assert "The tree changed meanwhile: 9 workspaces would go now." in text(answer)
    assert len(live_names()) == 10


def test_a_form_that_does_not_say_what_it_showed_removes_nothing(operator: Client) -> None:
    assert confirm(operator, named("Infra Lead"), number=8, fingerprint="").status_code == 409
    assert len(live_names()) == 9


@pytest.fixture
def wide(live: Callable[..., Applied]) -> Workspace:
    """A root with 1,200 workspaces below it."""
    live({"Wide": {f"W{number:04}": {} for number in range(1200)}})
    return named("Wide")


def test_a_long_list_comes_in_pages_and_is_counted_whole(operator: Client, wide: Workspace) -> None:
    page = look(operator, wide)
    assert page.count("<del>") == 500
    assert "<b>1,201 workspaces</b>, here 1 to 500" in page
    assert "Removes 1,201 workspaces.</b> No container stands behind them. Revokes 0 tokens" in page
    assert "<b>All 1,201 go.</b>" in page


def test_every_workspace_is_on_one_of_the_pages(operator: Client, wide: Workspace) -> None:
    chosen = [wide.pk, named("Infra Lead").pk]
    pages = [text(operator.post(CASCADE, {"_selected_action": chosen, "p": number})) for number in (1, 2, 3)]
    shown = [name for page in pages for name in re.findall("<del>(.*?)</del>", page)]
    assert len(shown) == len(set(shown)) == 1209
    assert "here 493 to 992" in pages[1]  # behind the eight of the first box


def test_a_page_of_a_tree_that_changed_meanwhile_is_the_first_again(
    operator: Client, wide: Workspace, actor: Actor
) -> None:
    seen = CascadeView.of([wide.pk]).fingerprint
    create_workspace(wide.organization, Node(name="New", path=""), parent_id=wide.pk, actor=actor)
    answer = operator.post(CASCADE, {"_selected_action": wide.pk, "p": 2, "fingerprint": seen})
    assert answer.status_code == 409
    assert "here 1 to 500" in text(answer)


def test_a_selection_over_two_organizations_is_warned_of(
    operator: Client, alice: User, elsewhere: Organization, actor: Actor
) -> None:
    Membership.objects.create(organization=elsewhere, user=alice)
    other = create_workspace(elsewhere, Node(name="Other", path=""), parent_id=None, actor=actor)
    page = look(operator, named("SRE Engineer"), other)
    assert "Your selection spans 2 organizations:</b> Acme and Elsewhere" in page


def test_one_id_of_another_organization_hides_the_page(operator: Client, elsewhere: Organization, actor: Actor) -> None:
    other = create_workspace(elsewhere, Node(name="Other", path=""), parent_id=None, actor=actor)
    answer = confirm(operator, named("SRE Engineer"), other, number=2)
    assert answer.status_code == 404
    assert len(live_names()) == 10


@pytest.mark.parametrize("text_", ["nonsense", "", "0", "a\0b"])
def test_an_id_that_is_none_does_not_exist(operator: Client, text_: str) -> None:
    assert operator.post(CASCADE, {"_selected_action": text_}).status_code == 404


def test_nothing_selected_leads_back_to_the_list(operator: Client) -> None:
    assert operator.post(LIST, {"action": "cascade_delete"})["Location"] == LIST


def test_what_was_removed_before_is_said(operator: Client) -> None:
    infra = named("Infra Lead")
    confirm(operator, infra, number=8)
    page = text(operator.get(CASCADE, {"_selected_action": infra.pk}))
    assert "Nothing is left to remove." in page


def test_a_viewer_may_not(viewer: Client) -> None:
    assert viewer.get(CASCADE, {"_selected_action": named("PM").pk}).status_code == 403
    assert confirm(viewer, named("Infra Lead"), number=8).status_code == 403
    assert len(live_names()) == 9


def test_a_stranger_finds_nothing(stranger: Client) -> None:
    assert confirm(stranger, named("Infra Lead"), number=8).status_code == 404
    assert len(live_names()) == 9


def test_a_long_list_asks_the_database_no_more_than_a_short_one(
    operator: Client, live: Callable[..., Applied], django_assert_num_queries: Any
) -> None:
    for width in (3, 300):
        name = f"Team of {width}"
        live({name: {f"{name}, {number}": {} for number in range(width)}})
        with django_assert_num_queries(QUERIES):
            operator.post(CASCADE, {"_selected_action": named(name).pk})
