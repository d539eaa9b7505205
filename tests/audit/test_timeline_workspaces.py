"""The timeline of some workspaces: by name, path or id, with what stands below; and what a removal changed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.audit.events import REMOVED, event, write
from tests.trees import AFTER, BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete


@pytest.fixture
def tree(organization: Organization, elsewhere: Organization, actor: Actor) -> Callable[[str], Workspace]:
    """BEFORE is live here and elsewhere, and AFTER here too; gives the first workspace of a name."""
    for where in (organization, elsewhere):
        apply_import(where, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    apply_import(organization, loaded(AFTER), mode=Mode.MERGE, actor=actor)
    return lambda name: Workspace.objects.filter(organization=organization, name=name).earliest("created_at")


def test_a_name_finds_all_workspaces_that_have_it(look, words, tree) -> None:
    text = words(look(workspace="qa engineer"))
    assert "Workspace: qa engineer, 2 of that name" in text
    assert "4 events," in text  # each was created and came online


def test_a_path_finds_the_one_that_stands_there(look, words, tree) -> None:
    assert "2 events," in words(look(workspace="PM › Infra Lead › Dev Lead › QA Engineer"))
    assert "2 events," in words(look(workspace="Infra Lead › SRE Engineer", org="acme", type_="workspace.online"))


def test_an_id_finds_one_even_without_a_row(look, words, tree) -> None:
    assert "Workspace: PM" in words(look(workspace=str(tree("PM").pk)))
    assert "No events match." in words(look(workspace="00000000-0000-4000-8000-000000000000"))


def test_what_stands_below_can_be_asked_for_too(look, words, tree) -> None:
    text = words(look(workspace=str(tree("Infra Lead").pk), below="1"))
    assert "with all below, 8 workspaces" in text
    assert "16 events," in text


def test_what_stood_below_before_it_was_removed_belongs_to_it(look, words, tree, actor: Actor) -> None:
    lead = tree("Infra Lead")
    cascade_delete([lead.pk], actor=actor)
    assert "8 events," in words(look(workspace=str(lead.pk), below="1", type_=REMOVED))


def test_a_removed_one_is_found_where_it_stood(look, words, tree, actor: Actor) -> None:
    cascade_delete([tree("QA Engineer").pk], actor=actor)
    Workspace.objects.filter(name="Dev Lead").update(name="Lead")
    assert "4 events," in words(look(workspace="PM › Infra Lead › Dev Lead › QA Engineer"))
    assert "There is no workspace" in words(look(workspace="PM › Infra Lead › Nobody › QA Engineer"))


@pytest.mark.parametrize("text", ["Nobody", "Dev Lead › Nobody", "›", "x"])
def test_a_name_that_nothing_has_is_a_message(look, words, tree, text: str) -> None:
    page = words(look(workspace=text))
    assert f"There is no workspace “{text}”" in page
    assert "Nothing was looked up." in page


def test_names_of_other_organizations_find_nothing(look, words, tree, charlie: User) -> None:
    assert "2 events," in words(look(charlie, workspace="QA Engineer"))


def test_a_removal_shows_which_fields_it_changed_and_why(look, words, tree, actor: Actor) -> None:
    cascade_delete([tree("SRE Engineer").pk], actor=actor, reason="retired")
    page = look(type_=REMOVED)
    assert "what changed in SRE Engineer" in words(page)
    rows = re.findall(
        r'<th scope="row">(.*?)</th><td class="a">(.*?)</td><td class="b">(.*?)</td>', page.content.decode()
    )
    assert ("status", "online", "removed") in rows
    assert ("reason", "(empty)", "retired") in rows


def test_a_removal_of_a_workspace_without_history_is_shown_as_it_is(look, words, organization: Organization) -> None:
    write(event(REMOVED, of="Scratch"))
    text = words(look(type_=REMOVED))
    assert "Scratch" in text
    assert "what changed" not in text


def test_many_workspaces_are_one_parameter(look, tree) -> None:
    with CaptureQueriesContext(connection) as captured:
        look(workspace=str(tree("PM").pk), below="1")
    asked = [query["sql"] for query in captured if 'FROM "structure_events"' in query["sql"]]
    assert asked
    assert all("json_each" in sql or "ANY" in sql for sql in asked)
