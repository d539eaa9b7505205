"""`manage.py purge`: the stored data of removed workspaces, listed and destroyed."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, Organization, Workspace
from workspaces.services.containers.desired_state import note_sizes
from workspaces.services.containers.purging import stored
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete

Removed = Callable[..., UUID]


@pytest.fixture
def removed(organization: Organization, actor: Actor, settings: Any) -> Removed:
    """Make a workspace and remove it."""
    settings.ORGSITE_ENGINE = "docker"

    def remove(name: str, data: DataPolicy = DataPolicy.WAIT, size: int | None = None) -> UUID:
        apply_import(organization, loaded({name: {}}), mode=Mode.MERGE, actor=actor)
        key = Workspace.objects.live().get(name=name).pk
        note_sizes({key: size} if size is not None else {})
        cascade_delete([key], actor=actor, data=data)
        return key

    return remove


def purge(*arguments: str) -> str:
    printed = StringIO()
    call_command("purge", *arguments, stdout=printed, no_color=True)
    return printed.getvalue()


def test_the_list_says_what_is_stored_how_large_and_until_when(removed: Removed) -> None:
    waits, kept = removed("Waits", size=1_234), removed("Kept", DataPolicy.KEEP)
    removed("Erased", DataPolicy.ERASE)
    until = f"{Container.objects.get(pk=waits).purge_at:%Y-%m-%d %H:%M} UTC"
    assert set(purge("--list").splitlines()) == {
        f"acme › Waits  {waits}  1,234 bytes, until {until}",
        f"acme › Kept  {kept}  size unknown, kept until somebody purges it",
        "2 workspaces, 1,234 bytes.",
    }


def test_the_list_of_one_organization_has_only_that(removed: Removed, db: None) -> None:
    removed("Waits")
    Organization.objects.create(slug="other", name="Other")
    assert purge("--list", "--org", "other") == "0 workspaces, size unknown.\n"
    assert "acme › Waits" in purge("--list", "--org", "acme")


def test_purge_shows_what_goes_and_destroys_exactly_that(removed: Removed) -> None:
    gone, stays = removed("Gone"), removed("Stays")
    said = purge(str(gone), "--yes", "--reason", "Ticket 8")
    assert f"- acme › Gone  {gone}" in said
    assert "The data of 1 workspace is not kept any longer; a worker destroys it." in said
    assert [row.pk for row in stored()] == [stays]
    assert Workspace.history.filter(id=gone).latest("history_id").history_change_reason == "Ticket 8"


def test_without_a_person_or_yes_nothing_is_destroyed(removed: Removed, monkeypatch: pytest.MonkeyPatch) -> None:
    key = removed("Gone")
    monkeypatch.setattr("sys.stdin", StringIO())
    with pytest.raises(CommandError, match="Nothing was changed"):
        purge(str(key))
    assert stored().count() == 1


def test_a_live_workspace_is_refused_and_then_nothing_is_destroyed(removed: Removed) -> None:
    key, live = removed("Gone"), removed("Again")
    Workspace.objects.filter(pk=live).update(status="online", removed_at=None)
    with pytest.raises(CommandError, match=f"in use: {live}"):
        purge(str(key), str(live), "--yes")
    assert stored().filter(pk=key).exists()


def test_where_nothing_is_stored_that_is_said(removed: Removed) -> None:
    assert purge(str(removed("Gone", DataPolicy.ERASE))) == "Nothing is stored of them.\n"


@pytest.mark.parametrize("arguments", [(), ("--org", "acme"), ("ID", "--list"), ("ID", "--org", "acme")])
def test_a_list_and_names_do_not_go_together(removed: Removed, arguments: tuple[str, ...]) -> None:
    key = str(removed("Gone"))
    with pytest.raises(CommandError, match="Name workspaces, or ask for --list"):
        purge(*(key if each == "ID" else each for each in arguments), "--yes")
    assert stored().count() == 1
