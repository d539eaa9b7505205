"""Names that are live twice: which of the two stays is chosen before anything is applied."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from lib.database_clock import database_now
from tests.admin.pages import live_names, text
from tests.trees import AFTER, BEFORE, Tree
from workspaces.models import ImportRun, Workspace
from workspaces.services.containers.desired_state import note_sizes, want_each_running
from workspaces.services.imports.importing import Applied

Preview = Callable[[Tree], str]
EIGHT = {"mode": "reconcile", "confirm_removals": "8"}


@pytest.fixture
def older(live: Callable[..., Applied]) -> set[object]:
    """The ids of the nine that were there before eight of them were made a second time."""
    live(BEFORE)
    ids = set(Workspace.objects.values_list("pk", flat=True))
    live(AFTER)
    return ids


@pytest.fixture
def accident(older: set[object], preview: Preview) -> str:
    return preview(AFTER)


def chosen(page: str) -> list[str]:
    return re.findall(r'<input type="radio" name="prefer" value="(\w+)" checked>', page)


def test_where_nobody_knows_what_is_lost_nothing_is_chosen_and_nothing_can_be_applied(
    operator: Client, accident: str
) -> None:
    page = text(operator.get(accident))
    assert "8 names are live twice." in page
    assert "Choose which of the two stays." in page
    assert chosen(page) == []
    answer = operator.post(accident, EIGHT)
    assert answer.status_code == 400
    assert "Choose which of the two stays. Nothing was changed." in text(answer)
    assert len(live_names()) == 17


def test_the_side_that_loses_no_work_is_chosen(operator: Client, older: set[object], preview: Preview) -> None:
    Workspace.objects.filter(pk__in=older).update(last_heartbeat_at=database_now())
    page = text(operator.get(preview(AFTER)))
    assert chosen(page) == ["oldest"]
    assert "worked out for: keep the older ones" in page
    assert "Move 2, remove 8" in page
    assert '<input type="hidden" name="prefer" value="oldest">' in page
    assert 'plan.json?prefer=oldest">Plan as JSON' in page


def test_the_repair_keeps_the_older_ones(operator: Client, older: set[object], accident: str) -> None:
    operator.post(accident, {**EIGHT, "prefer": "oldest"})
    run = ImportRun.objects.get(mode="reconcile")
    assert (run.moved_count, run.removed_count, run.created_count) == (2, 8, 0)
    assert set(Workspace.objects.live().values_list("pk", flat=True)) == older


def test_the_ones_in_place_can_be_kept(operator: Client, older: set[object], accident: str) -> None:
    page = text(operator.get(f"{accident}?prefer=place"))
    assert chosen(page) == ["place"]
    operator.post(accident, {**EIGHT, "prefer": "place"})
    assert len(set(Workspace.objects.live().values_list("pk", flat=True)) & older) == 1


def test_the_younger_ones_say_when_they_were_made(operator: Client, accident: str) -> None:
    page = text(operator.get(f"{accident}?prefer=oldest"))
    assert len(re.findall(r'<span class="ws-tag">younger, \d+ \w+ \d\d:\d\d</span>', page)) == 8
    assert "younger than <a href=" in page


def test_merge_is_not_held_up_by_the_choice(operator: Client, older: set[object], preview: Preview) -> None:
    operator.post(preview({**AFTER, "New": {}}), {"mode": "merge"})
    assert "New" in live_names()


def test_little_data_is_never_called_none(older: set[object], operator: Client, preview: Preview) -> None:
    """Nobody can tell a short note from a file that came with a new workspace."""
    sizes = {key: 5_000_000 if key in older else 20_480 for key in Workspace.objects.values_list("pk", flat=True)}
    want_each_running(Workspace.objects.all(), now=database_now())
    note_sizes(sizes)
    page = text(operator.get(preview(AFTER)))
    assert chosen(page) == ["oldest"]
    assert "takes away 160.0 KB, never active" in page.replace("\xa0", " ")
    assert "keeps all data" not in page
    assert "16 volumes, empty" not in page
