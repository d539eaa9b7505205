"""Home and run pages are never green by silence: what `/readyz` knows, they say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from tests.admin.pages import text
from tests.trees import AFTER, BEFORE, loaded
from workspaces.access import Actor
from workspaces.admin.shared import system_state
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, ImportRun, Installation, Organization
from workspaces.services.containers.installation import installation, note_engine, note_engine_away
from workspaces.services.imports.importing import Applied, Confirmation, apply_import
from workspaces.services.plans.runs import open_run
from workspaces.services.upkeep import readiness

STILL = ImportOptions(updates=True)  # nothing moves: what stands elsewhere is made anew

GREEN = "Nothing waits for you."
Live = Callable[..., Applied]


@pytest.fixture(autouse=True)
def _with_containers(settings: Any, organization: Organization) -> None:
    settings.ORGSITE_ENGINE = "fake"
    settings.ORGSITE_INSTALLATION = ""
    installation()


def home(client: Client) -> str:
    return text(client.get("/admin/"))


def page_of(client: Client, run: ImportRun) -> str:
    return text(client.get(f"/admin/runs/{run.pk}/"))


def worker_seen(*, ago: timedelta = timedelta()) -> None:
    note_engine("worker", engine="Docker 20")
    Installation.objects.update(engine_seen_at=timezone.now() - ago)


def due_since(ago: timedelta) -> None:
    Container.objects.update(due_at=timezone.now() - ago)


def settle() -> None:
    Container.objects.update(observed="running", due_at=None)


def test_a_worker_that_was_never_there_is_no_green_page(viewer: Client, live: Live) -> None:
    live(BEFORE)
    page = home(viewer)
    assert "No worker has been seen yet" in page
    assert "manage.py worker" in page
    assert GREEN not in page


@pytest.mark.parametrize("minutes", [4, 60, 60 * 30])
def test_a_dead_worker_is_told_with_the_moment_it_was_last_seen(viewer: Client, live: Live, minutes: int) -> None:
    live(BEFORE)
    worker_seen(ago=timedelta(minutes=minutes))
    due_since(timedelta(minutes=minutes))
    seen = timezone.localtime(Installation.objects.get().engine_seen_at)
    page = home(viewer)
    assert "No worker has been seen since" in page
    assert f"{seen:%H:%M:%S}" in page
    assert "9 containers due for more than a minute" in page
    assert GREEN not in page


def test_an_engine_that_is_away_is_told_in_its_own_words(viewer: Client) -> None:
    note_engine_away("worker", error="no such socket")
    page = home(viewer)
    assert "The engine does not answer the worker" in page
    assert "no such socket" in page
    assert GREEN not in page


@pytest.mark.parametrize(("seconds", "green"), [(0, True), (30, True), (90, False), (15 * 60, False)])
def test_a_living_worker_that_does_not_keep_up_is_amber_after_a_minute(
    viewer: Client, live: Live, seconds: int, green: bool
) -> None:
    live(BEFORE)
    worker_seen()
    due_since(timedelta(seconds=seconds))
    page = home(viewer)
    assert (GREEN in page) is green
    assert ("9 containers due for more than a minute" in page) is not green


def test_a_worker_that_has_done_everything_makes_the_page_green(viewer: Client, live: Live) -> None:
    live(BEFORE)
    worker_seen()
    settle()
    page = home(viewer)
    assert GREEN in page
    assert "Worker, engine and database answer" in page
    assert "Docker 20" in page


def test_without_an_engine_nobody_waits_for_a_worker(viewer: Client, live: Live, settings: Any) -> None:
    settings.ORGSITE_ENGINE = "none"
    live(BEFORE)
    assert GREEN in home(viewer)


def test_another_organizations_numbers_are_nobody_elses_and_its_trouble_is_everybodys(
    stranger: Client, live: Live
) -> None:
    live(BEFORE)
    worker_seen()
    due_since(timedelta(minutes=11))
    page = home(stranger)
    assert "Work stands still" in page
    assert "due for more than a minute" not in page
    assert GREEN not in page


def test_of_more_than_are_counted_it_says_how_many_there_are_at_least(
    viewer: Client, live: Live, elsewhere: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(BEFORE)
    live(BEFORE, elsewhere)
    worker_seen()
    due_since(timedelta(minutes=2))
    Container.objects.filter(workspace__organization=elsewhere).update(due_at=timezone.now() - timedelta(minutes=9))
    for counted, said in ((18, "9 containers"), (17, "At least 8 containers"), (5, "At least 1 container")):
        monkeypatch.setattr(readiness, "OVERDUE_COUNTED", counted)
        assert f"</i> {said} due for more than a minute" in home(viewer)


def test_an_import_that_stands_still_is_told(viewer: Client, organization: Organization, actor: Actor) -> None:
    worker_seen()
    open_run(organization, loaded({}), mode=Mode.MERGE, actor=actor, reason="")
    ImportRun.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    assert "Work stands still" in home(viewer)


def test_pending_migrations_are_told_with_what_to_do(viewer: Client) -> None:
    worker_seen()
    MigrationRecorder(connection).migration_qs.filter(app="audit").delete()
    page = home(viewer)
    assert "Migrations are pending" in page
    assert "manage.py migrate" in page


@pytest.mark.parametrize(
    ("check", "state"),
    [("engine", "away"), ("engine", "unseen"), ("backlog", "behind"), ("database", "unavailable"), ("disk", "full"),
     ("migrations", "pending"), ("database", "read-only"), ("swarm", "split")],
)  # fmt: skip
def test_whatever_is_not_ready_is_not_green(
    viewer: Client, monkeypatch: pytest.MonkeyPatch, check: str, state: str
) -> None:
    """A check that nobody has written words for is shown as it is."""
    worker_seen()
    monkeypatch.setattr(system_state, "readiness", lambda: {"database": "ok", "engine": "ok", check: state})
    page = home(viewer)
    assert GREEN not in page
    assert 'class="ws-sys bad"' in page
    words = {("disk", "full"): "Disk: full", ("database", "read-only"): "Database: read-only"}
    assert words.get((check, state), "") in page


# ---- runs


def test_a_run_whose_containers_have_not_started_is_not_done(viewer: Client, live: Live) -> None:
    run = live(BEFORE).run
    for page in (text(viewer.get("/admin/runs/")), home(viewer)):
        assert "0 of 9 started" in page
        assert "✓</i>done" not in page
    page = page_of(viewer, run)
    assert "Not done yet. 9 workspaces created" in page
    assert "Starting containers: 0 of 9 done." in page
    assert "No worker has been seen yet." in page
    assert "Done." not in page


def test_it_is_done_when_they_have(viewer: Client, live: Live) -> None:
    run = live(BEFORE).run
    worker_seen()
    settle()
    assert "✓</i>done" in text(viewer.get("/admin/runs/"))
    page = page_of(viewer, run)
    assert "Done. 9 workspaces created" in page
    assert "ws-sys" not in page


def test_a_living_worker_needs_no_word_on_the_runs_page(viewer: Client, live: Live) -> None:
    run = live(BEFORE).run
    worker_seen()
    page = page_of(viewer, run)
    assert "Not done yet." in page
    assert "No worker" not in page


def test_a_teardown_that_has_not_happened_is_not_done(
    viewer: Client, live: Live, organization: Organization, actor: Actor
) -> None:
    live(BEFORE)
    settle()
    sure = Confirmation(confirm_removals=8)
    apply_import(organization, loaded(AFTER), mode=Mode.RECONCILE, options=STILL, actor=actor, confirmation=sure)
    assert "0 of 8 started, 0 of 8 released" in text(viewer.get("/admin/runs/"))
    Container.objects.filter(desired="running").update(due_at=None)
    page = text(viewer.get("/admin/runs/"))
    assert "0 of 8 released" in page
    assert "started" not in page.replace("Started", "")


def test_a_list_of_many_runs_asks_for_their_containers_at_once(
    viewer: Client, live: Live, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(12):
        live({f"Team {number}": {}})
    with django_assert_max_num_queries(14):
        viewer.get("/admin/runs/")
