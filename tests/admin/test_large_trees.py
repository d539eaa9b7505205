"""The list of workspaces where the trees are too large to be read whole: here every tree is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.admin.pages import LIST, named, text
from tests.trees import AFTER, BEFORE
from workspaces.access import Actor
from workspaces.admin.workspace_list import large_list, list_page
from workspaces.core.template import Node
from workspaces.models import Container, Membership, Organization, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.adding import create_workspace

Live = Callable[..., Applied]


@pytest.fixture(autouse=True)
def _every_tree_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_page, "LARGEST_TREES", 0)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_list, "ROWS_PER_PAGE", 4)
    monkeypatch.setattr(large_list, "MATCHES_PER_PAGE", 2)


def rows(page: str) -> list[str]:
    """`1 Infra Lead*`: depth, name, and a star for what is only there for the others' sake."""
    found = re.findall(r'<tr( class="ws-ctx")? data-depth="(\d+)".*?ws-name">(?:<del>)?([^<]*)', page)
    return [f"{depth} {unescape(name)}{'*' if context else ''}" for context, depth, name in found]


def pages(client: Client, **query: str) -> Iterator[list[str]]:
    """One page after the other, as its link leads to it."""
    address: str | None = LIST + "?" + "&".join(f"{key}={value}" for key, value in query.items())
    while address:
        page = text(client.get(address))
        yield rows(page)
        onward = re.search(r'href="(\?[^"]*)">Next page', page)
        address = LIST + unescape(onward[1]) if onward else None


def test_the_trees_stand_in_order(viewer: Client, live: Live) -> None:
    live(BEFORE)
    assert list(pages(viewer)) == [
        [
            "0 PM", "1 Infra Lead", "2 Dev Lead", "3 Backend Engineer", "3 Frontend Engineer", "3 QA Engineer",
            "3 Technical Writer", "2 SRE Engineer", "2 Security Engineer",
        ]
    ]  # fmt: skip


@pytest.mark.usefixtures("short")
def test_every_page_goes_on_where_the_last_one_stopped(viewer: Client, live: Live) -> None:
    live(BEFORE)
    assert list(pages(viewer)) == [
        ["0 PM", "1 Infra Lead", "2 Dev Lead", "3 Backend Engineer"],
        ["0 PM*", "1 Infra Lead*", "2 Dev Lead*", "3 Frontend Engineer", "3 QA Engineer", "3 Technical Writer",
         "2 SRE Engineer"],
        ["0 PM*", "1 Infra Lead*", "2 Security Engineer"],
    ]  # fmt: skip


@pytest.mark.usefixtures("short")
def test_several_organizations_follow_each_other(
    root: Client, live: Live, organization: Organization, elsewhere: Organization
) -> None:
    live({"A": {"B": {}, "C": {}}})
    live({"A": {"D": {}}, "E": {}}, elsewhere)
    assert list(pages(root)) == [["0 A", "1 B", "1 C", "0 A"], ["0 A*", "1 D", "0 E"]]
    assert list(pages(root, org="elsewhere")) == [["0 A", "1 D", "0 E"]]


def test_what_is_looked_for_stands_below_what_it_is_below(viewer: Client, live: Live) -> None:
    live(BEFORE)
    assert list(pages(viewer, q="tech")) == [["0 PM*", "1 Infra Lead*", "2 Dev Lead*", "3 Technical Writer"]]
    assert list(pages(viewer, q="Dev Lead › qa")) == [["0 PM*", "1 Infra Lead*", "2 Dev Lead*", "3 QA Engineer"]]
    assert list(pages(viewer, q=str(named("PM").pk)[:30])) == [["0 PM"]]
    assert list(pages(viewer, q="writer")) == [[]]
    assert "beginning of a name" in text(viewer.get(LIST))


@pytest.mark.usefixtures("short")
def test_matches_have_pages_too(viewer: Client, live: Live) -> None:
    live({f"Agent {letter}": {} for letter in "ABCDE"})
    assert list(pages(viewer, q="agent")) == [["0 Agent A", "0 Agent B"], ["0 Agent C", "0 Agent D"], ["0 Agent E"]]
    assert "more than 2 found" in text(viewer.get(LIST, {"q": "agent"}))


def test_leftovers_are_marked_and_found(viewer: Client, live: Live) -> None:
    live(BEFORE)
    live(AFTER)
    page = text(viewer.get(LIST))
    assert 'duplicate</span> <span class="ws-quiet">of PM › Dev Lead</span>' in page
    assert page.count("duplicate</span>") == 8
    [found] = pages(viewer, names="twice")
    assert len([row for row in found if not row.endswith("*")]) == 16


def test_how_it_came_to_be_can_be_asked(viewer: Client, live: Live, organization: Organization, actor: Actor) -> None:
    live({"PM": {}})
    create_workspace(organization, Node(name="Extra", path=""), parent_id=named("PM").pk, actor=actor)
    assert list(pages(viewer, by="hand")) == [["0 PM*", "1 Extra"]]
    assert list(pages(viewer, by="import")) == [["0 PM"]]


def test_failing_ones_are_found_live_and_removed(viewer: Client, live: Live, actor: Actor, settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"
    live({"PM": {"QA": {}, "SRE": {}}})
    cascade_delete([named("SRE").pk], actor=actor)
    Container.objects.exclude(workspace__name="PM").update(last_error="no")
    assert list(pages(viewer, container="failing")) == [["0 PM*", "1 QA", "0 SRE"]]


def test_removed_ones_stand_in_pages_of_their_own(viewer: Client, live: Live, actor: Actor) -> None:
    live({"PM": {"QA": {}}})
    cascade_delete([named("QA").pk], actor=actor)
    assert list(pages(viewer, status="removed")) == [["0 QA"]]
    page = text(viewer.get(LIST, {"status": "all"}))
    assert rows(page) == ["0 PM"]
    assert 'href="?status=removed">1 removed</a>' in page


def test_nothing_of_another_organization_is_a_place_to_go_on_from(
    viewer: Client, live: Live, elsewhere: Organization, bob: User
) -> None:
    live({"PM": {}})
    live({"Theirs": {"Below": {}}}, elsewhere)
    theirs = Workspace.objects.get(name="Theirs").pk
    assert rows(text(viewer.get(LIST, {"after": str(theirs)}))) == ["0 PM"]
    Membership.objects.create(organization=elsewhere, user=bob)
    assert rows(text(viewer.get(LIST, {"after": str(theirs)}))) == ["0 Theirs*", "1 Below"]
