"""What the pages say about containers: where they stand, what keeps them, and `Try again now`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.admin.pages import text
from tests.trees import AFTER, BEFORE
from workspaces.access import Actor
from workspaces.models import Container, ImportRun, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.removal.cascading import cascade_delete

WORDS = "no space left on device"


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"


@pytest.fixture
def run(live: Callable[..., Applied]) -> ImportRun:
    return live(BEFORE).run


def settled(**where: Any) -> None:
    Container.objects.filter(**where).update(observed="running", due_at=None, leased_until=None)


def fails(name: str, *, attempts: int = 1) -> Container:
    later = timezone.now() + timedelta(seconds=38)
    Container.objects.filter(workspace__name=name).update(last_error=WORDS, attempts=attempts, due_at=later)
    return Container.objects.get(workspace__name=name)


def page_of(client: Client, run: ImportRun) -> str:
    return text(client.get(f"/admin/runs/{run.pk}/"))


def test_a_run_moves_until_its_containers_are_settled(viewer: Client, run: ImportRun) -> None:
    assert "0 of 9" in page_of(viewer, run)
    assert "hx-get" in page_of(viewer, run)
    settled()
    assert "9 of 9" in page_of(viewer, run)
    assert "hx-get" not in page_of(viewer, run)


def test_a_failure_comes_first_with_the_engines_own_words(viewer: Client, run: ImportRun) -> None:
    settled()
    fails("SRE Engineer", attempts=2)
    page = page_of(viewer, run)
    assert page.index(">SRE Engineer<") < page.index(">PM<")
    assert f"<code>{WORDS}</code>" in page
    assert "tried 2 times" in page
    assert "1 container with an error." in page
    assert "9 are live. Starting containers: 8 of 9 done, 1 with an error.</b>" in page
    assert "Next try in 3" in page


def test_trying_again_makes_what_failed_due_and_nothing_else(operator: Client, run: ImportRun) -> None:
    failed = fails("PM")
    assert "Try again now" in page_of(operator, run)
    before = Container.objects.exclude(pk=failed.pk).values_list("due_at", flat=True)
    dues = list(before)
    answer = operator.post(f"/admin/containers/{failed.pk}/again/", follow=True)
    assert answer.redirect_chain == [(f"/admin/runs/{run.pk}/", 302)]
    assert "1 container will be tried at once." in text(answer)
    failed.refresh_from_db()
    assert failed.due_at
    assert failed.due_at <= timezone.now()
    assert list(before) == dues


def test_all_of_a_run_can_be_tried_again(operator: Client, run: ImportRun) -> None:
    fails("PM")
    fails("SRE Engineer")
    assert "2 containers will be tried" in text(operator.post(f"/admin/runs/{run.pk}/again/", follow=True))


def test_who_may_not_import_sees_no_button_and_is_refused(viewer: Client, run: ImportRun) -> None:
    failed = fails("PM")
    assert "Try again now" not in page_of(viewer, run)
    assert viewer.post(f"/admin/containers/{failed.pk}/again/").status_code == 403
    assert viewer.post(f"/admin/runs/{run.pk}/again/").status_code == 403


def test_a_stranger_finds_neither(stranger: Client, run: ImportRun) -> None:
    failed = fails("PM")
    assert stranger.post(f"/admin/containers/{failed.pk}/again/").status_code == 404
    assert stranger.post(f"/admin/runs/{run.pk}/again/").status_code == 404
    assert WORDS not in text(stranger.get("/admin/"))


def test_the_home_page_says_what_waits(viewer: Client, run: ImportRun) -> None:
    fails("PM")
    page = text(viewer.get("/admin/"))
    assert "1 container is not yet what it should be" in page
    assert f"<code>{WORDS}</code>" in page


def test_the_list_finds_what_waits_live_and_removed(viewer: Client, run: ImportRun) -> None:
    settled()
    cascade_delete([Workspace.objects.get(name="QA Engineer").pk], actor=Actor(name="alice"))
    fails("QA Engineer")
    fails("SRE Engineer")
    page = text(viewer.get("/admin/workspaces/workspace/?container=failing"))
    assert "2 found" in page
    assert "QA Engineer" in page
    assert "SRE Engineer" in page
    assert "Technical Writer" not in page


def test_a_removed_workspace_is_shown_with_its_teardown(viewer: Client, operator: Client, run: ImportRun) -> None:
    settled()
    workspace = Workspace.objects.get(name="SRE Engineer")
    cascade_delete([workspace.pk], actor=Actor(name="alice"))
    fails("SRE Engineer", attempts=5)
    page = text(viewer.get(f"/admin/workspaces/workspace/{workspace.pk}/change/"))
    assert "to be released" in page
    assert f"<code>{WORDS}</code>" in page
    assert "Its container may still run." in page


@pytest.mark.parametrize(("grace", "fate"), [(604_800, "kept until"), (0, "destroyed at once")])
def test_the_preview_names_the_volumes_of_what_goes_and_what_becomes_of_them(
    operator: Client, live: Callable[..., Applied], preview: Callable[..., str], settings: Any, grace: int, fate: str
) -> None:
    settings.ORGSITE_DATA_GRACE = grace
    live(BEFORE)
    live(AFTER)
    Container.objects.update(volume_bytes=200 * 1024**2)
    page = text(operator.get(preview(AFTER)))
    workspace = Workspace.objects.filter(name="SRE Engineer").earliest("created_at")
    assert f"volume <code>ws-{workspace.pk}-data</code> {fate}" in page
    assert f"2 volumes <b>200.0 MB</b> {fate}" in page
    assert f"Stops 8 containers and {'keeps' if grace else 'destroys'} 16 volumes (1.6 GB)" in page
    assert f"<b>Container and data</b>of what is removed: {fate}" in page
    assert ("destroyed at once" in page) == (grace == 0)


def test_the_confirmation_of_a_cascade_counts_the_volumes(operator: Client, live: Callable[..., Applied]) -> None:
    live(BEFORE)
    chosen = Workspace.objects.get(name="Dev Lead").pk
    page = text(operator.get(f"/admin/cascade-delete/?_selected_action={chosen}"))
    assert "Stops 5 containers and keeps 10 volumes" in page


def test_without_a_user_nothing_is_tried_again(client: Client, run: ImportRun, alice: User) -> None:
    assert client.post(f"/admin/runs/{run.pk}/again/")["Location"].startswith("/admin/login/")
