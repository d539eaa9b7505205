"""The list of workspaces: trees, filters, name check, pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.admin.pages import LIST, named, text
from tests.trees import AFTER, BEFORE
from workspaces.access import Actor
from workspaces.admin.workspace_list import small_list
from workspaces.core.template import Node
from workspaces.models import Organization, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.adding import create_workspace


def names(client: Client, **query: Any) -> list[str]:
    """The rows of the list as `depth name`, a star for those that are only context."""
    rows = re.findall(r'<tr( class="ws-ctx")? data-depth="(\d+)".*?</tr>', text(client.get(LIST, query)))
    found = re.findall(
        r'<tr(?: class="ws-ctx")? data-depth=.*?ws-name">(?:<del>)?([^<]*)<', text(client.get(LIST, query))
    )
    return [f"{depth} {name}{'*' if context else ''}" for (context, depth), name in zip(rows, found, strict=True)]


def test_rows_stand_in_tree_order(viewer: Client, live: Callable[..., Applied]) -> None:
    live({"B": {"Y": {}, "X": {"Z": {}}}, "A": {}})
    assert names(viewer) == ["0 A", "0 B", "1 X", "2 Z", "1 Y"]


def test_only_organizations_of_the_user_are_listed(
    viewer: Client, stranger: Client, live: Callable[..., Applied], elsewhere: Organization
) -> None:
    live({"Ours": {}})
    live({"Theirs": {}}, elsewhere)
    assert names(viewer) == ["0 Ours"]
    assert names(stranger) == ["0 Theirs"]


def test_another_organization_in_the_filter_does_not_exist(viewer: Client, elsewhere: Organization) -> None:
    assert viewer.get(LIST, {"org": "elsewhere"}).status_code == 404


def test_the_older_one_of_two_names_is_the_duplicate(viewer: Client, live: Callable[..., Applied]) -> None:
    live(BEFORE)
    live(AFTER)
    page = text(viewer.get(LIST))
    assert "Acme: 17 live, 8 names used twice" in page
    assert page.count("duplicate</span>") == 8
    assert re.search(r"duplicate</span> <span class=\"ws-quiet\">of Dev Lead › QA Engineer</span>", page)
    assert page.count("also lives at") == 8


def test_two_of_one_import_are_no_duplicates_of_each_other(viewer: Client, live: Callable[..., Applied]) -> None:
    live({"East": {"QA": {}}, "West": {"QA": {}}})
    page = text(viewer.get(LIST))
    assert "1 name used twice" in page
    assert "duplicate</span>" not in page


def test_what_was_added_by_hand_never_makes_a_declared_one_the_duplicate(
    viewer: Client, live: Callable[..., Applied], organization: Organization, actor: Actor
) -> None:
    live({"East": {"QA": {}}})
    create_workspace(organization, Node(name="QA", path=""), parent_id=None, actor=actor)
    page = text(viewer.get(LIST))
    assert 'duplicate</span> <span class="ws-quiet">of East › QA</span>' in page
    assert page.count("duplicate</span>") == 1


def test_names_used_twice_can_be_filtered(viewer: Client, live: Callable[..., Applied]) -> None:
    live({"A": {"QA": {}}, "B": {"QA": {}}, "C": {}})
    assert names(viewer, names="twice") == ["0 A*", "1 QA", "0 B*", "1 QA"]


def test_finding_shows_what_the_found_stand_below(viewer: Client, live: Callable[..., Applied]) -> None:
    live(BEFORE)
    assert names(viewer, q="writer") == ["0 PM*", "1 Infra Lead*", "2 Dev Lead*", "3 Technical Writer"]
    assert names(viewer, q="technical\u00a0writer ")[-1] == "3 Technical Writer"
    assert names(viewer, q="Infra Lead › Dev Lead › Tech")[-1] == "3 Technical Writer"
    assert names(viewer, q=str(named("PM").pk)) == ["0 PM"]


def test_removed_ones_are_shown_when_asked_for(viewer: Client, live: Callable[..., Applied], actor: Actor) -> None:
    live({"PM": {"Lead": {}}})
    cascade_delete([named("Lead").pk], actor=actor)
    assert names(viewer) == ["0 PM"]
    assert names(viewer, status="removed") == ["0 Lead"]
    assert names(viewer, status="all") == ["0 PM", "0 Lead"]
    assert "was under PM" in text(viewer.get(LIST, {"status": "removed"}))


def test_removed_ones_are_read_page_by_page_latest_first(
    viewer: Client, live: Callable[..., Applied], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_list, "ROWS_PER_PAGE", 2)
    live({name: {} for name in "ABC"})
    for name in "BAC":
        cascade_delete([named(name).pk], actor=actor)
    assert names(viewer, status="removed") == ["0 C", "0 A"]
    assert names(viewer, status="removed", p=2) == ["0 B"]
    live({"D": {}})
    assert [names(viewer, status="all", p=number) for number in (1, 2, 3)] == [["0 D"], ["0 C", "0 A"], ["0 B"]]
    with CaptureQueriesContext(connection) as captured:
        viewer.get(LIST, {"status": "removed"})
    read = [query["sql"] for query in captured if "removed_at" in query["sql"] and "DESC" in query["sql"]]
    assert [sql for sql in read if "LIMIT 2" in sql] == read


@pytest.mark.parametrize("asked", ["lea", "PM › Lead", "m › le"])
def test_removed_ones_are_found_by_name_and_path(
    viewer: Client, live: Callable[..., Applied], actor: Actor, asked: str
) -> None:
    live({"PM": {"Lead": {}, "QA": {}}, "Ops": {"Leaf": {}}})
    cascade_delete([named("PM").pk], actor=actor)
    assert names(viewer, status="removed", q=asked) == ["0 Lead"]


def test_removed_ones_are_found_by_the_beginning_of_their_id(
    viewer: Client, live: Callable[..., Applied], actor: Actor
) -> None:
    live({"PM": {"QA": {}}})
    key = str(named("PM").pk)
    cascade_delete(list(Workspace.objects.values_list("pk", flat=True)), actor=actor)
    for asked in (key, key[:30], key.replace("-", "")[:28], key.upper()):
        assert names(viewer, status="removed", q=asked) == ["0 PM"]


def test_the_list_can_be_narrowed_to_what_was_made_by_hand_or_by_imports(
    viewer: Client, live: Callable[..., Applied], organization: Organization, actor: Actor
) -> None:
    live({"PM": {}})
    create_workspace(organization, Node(name="Extra", path=""), parent_id=named("PM").pk, actor=actor)
    assert names(viewer, by="hand") == ["0 PM*", "1 Extra"]
    assert names(viewer, by="import") == ["0 PM"]
    cascade_delete([named("Extra").pk], actor=actor)
    assert names(viewer, by="hand", status="removed") == ["0 Extra"]
    assert names(viewer, by="import", status="removed") == []


def test_a_removed_row_cannot_be_selected(operator: Client, live: Callable[..., Applied], actor: Actor) -> None:
    live({"PM": {"Lead": {}}})
    lead = named("Lead")
    cascade_delete([lead.pk], actor=actor)
    page = text(operator.get(LIST, {"status": "all"}))
    assert lead.name in page
    assert f'value="{lead.pk}"' not in page
    assert f'name="_selected_action" value="{named("PM").pk}"' in page


def test_what_goes_along_is_counted_without_removed_ones(
    operator: Client, live: Callable[..., Applied], actor: Actor
) -> None:
    live({"PM": {"Lead": {}, "QA": {}}})
    cascade_delete([named("Lead").pk], actor=actor)
    assert 'data-depth="0" data-below="1"' in text(operator.get(LIST, {"status": "all"}))


def test_the_list_says_who_created_what(
    viewer: Client, live: Callable[..., Applied], organization: Organization
) -> None:
    run = live({"PM": {}}).run
    create_workspace(organization, Node(name="Extra", path=""), parent_id=None, actor=Actor(name="sam"))
    page = text(viewer.get(LIST))
    assert f"/admin/runs/{run.pk}/" in page
    assert "by hand, sam" in page


def test_a_page_begins_with_what_its_first_row_stands_below(
    viewer: Client, live: Callable[..., Applied], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_list, "ROWS_PER_PAGE", 4)
    live(BEFORE)
    assert names(viewer, p=2) == [
        "0 PM*",
        "1 Infra Lead*",
        "2 Dev Lead*",
        "3 Frontend Engineer",
        "3 QA Engineer",
        "3 Technical Writer",
        "2 Security Engineer",
    ]
    assert names(viewer, p=99) == ["0 PM*", "1 Infra Lead*", "2 SRE Engineer"]


def test_queries_do_not_grow_with_the_rows(viewer: Client, live: Callable[..., Applied]) -> None:
    live({"PM": {}})
    viewer.get(LIST)
    with CaptureQueriesContext(connection) as few:
        viewer.get(LIST)
    live(BEFORE)
    live(AFTER)
    live({"Team": {f"W{number}": {"QA": {}} for number in range(60)}})
    with CaptureQueriesContext(connection) as many:
        viewer.get(LIST)
    assert len(many) == len(few)


def test_without_the_right_to_remove_there_is_nothing_to_select(viewer: Client, live: Callable[..., Applied]) -> None:
    live({"PM": {}})
    assert "_selected_action" not in text(viewer.get(LIST))


def test_an_odd_address_is_a_page_all_the_same(viewer: Client, live: Callable[..., Applied]) -> None:
    live({"PM": {}})
    assert names(viewer, p="²", status="nonsense", names="x") == ["0 PM"]
    assert viewer.get(LIST, {"q": "a\0b"}).status_code == 200
    assert viewer.get(LIST, {"q": "a\0b", "status": "removed"}).status_code == 200
    assert Workspace.objects.live().count() == 1
