"""The first page: what needs somebody, for those who may see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.admin.pages import text
from tests.trees import AFTER, BEFORE, loaded
from workspaces.access import SYSTEM, Actor
from workspaces.core.containers.lifecycle import ContainerState
from workspaces.core.containers.sweep_plan import Held, Unknown
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import RemovalNotConfirmed
from workspaces.models import ImportRun, Organization, Stray
from workspaces.services.containers.installation import accept_epochs, note_epochs
from workspaces.services.imports.importing import Applied, apply_import
from workspaces.services.plans.runs import fail_run, open_run
from workspaces.services.sweep.strays import note_strays

STILL = ImportOptions(updates=True)  # nothing moves: what stands elsewhere is made anew


def home(client: Client) -> str:
    return text(client.get("/admin/"))


def failed(organization: Organization, actor: Actor) -> ImportRun:
    run = open_run(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor, reason="")
    fail_run(run, "The disk is full.")
    return run


def test_an_organization_stands_there_with_its_live_workspaces(viewer: Client, live: Callable[..., Applied]) -> None:
    live(BEFORE)
    assert re.search(r'\?org=acme">Acme</a></th> <td class="num">9</td>', home(viewer))
    assert "Nothing waits for you." in home(viewer)


def test_names_used_twice_lead_to_the_filtered_list(viewer: Client, live: Callable[..., Applied]) -> None:
    live(BEFORE)
    live(AFTER)
    page = home(viewer)
    assert "8 names are used by more than one live workspace" in page
    assert 'href="/admin/workspaces/workspace/?org=acme&amp;names=twice"' in page
    assert "Nothing waits for you." not in page


def test_a_failure_stands_there_until_somebody_dismisses_it(
    viewer: Client, operator: Client, organization: Organization, actor: Actor
) -> None:
    run = failed(organization, actor)
    ImportRun.objects.update(finished_at=timezone.now() - timedelta(days=20))
    assert re.search(rf'<li><a href="/admin/runs/{run.pk}/">merge of dev.yaml</a>.*?The disk is full', home(viewer))
    assert "Nothing waits for you." not in home(viewer)
    page = text(operator.post(f"/admin/runs/{run.pk}/dismiss/", {"home": "1"}, follow=True))
    assert "The failure is dismissed" in page
    assert "Runs that failed" not in page
    assert "Nothing waits for you." in home(viewer)
    assert "Dismissed by alice" in text(viewer.get(f"/admin/runs/{run.pk}/"))


def test_only_who_may_import_dismisses(viewer: Client, organization: Organization, actor: Actor) -> None:
    run = failed(organization, actor)
    assert "Dismiss" not in home(viewer)
    assert viewer.post(f"/admin/runs/{run.pk}/dismiss/").status_code == 403
    assert "Runs that failed" in home(viewer)


def test_more_failures_than_fit_say_so(viewer: Client, organization: Organization, actor: Actor) -> None:
    for _ in range(6):
        failed(organization, actor)
    page = home(viewer)
    assert page.count("The disk is full.") == 5
    assert "There are more of them" in page


def test_what_was_refused_is_no_failure(
    viewer: Client, live: Callable[..., Applied], organization: Organization
) -> None:
    live(BEFORE)
    with pytest.raises(RemovalNotConfirmed):
        apply_import(organization, loaded(AFTER), mode=Mode.RECONCILE, options=STILL, actor=Actor(name="alice"))
    page = home(viewer)
    assert "Runs that failed" not in page
    assert "Nothing waits for you." in page
    assert "refused, nothing changed" in page
    run = ImportRun.objects.get(state="refused")
    page = text(viewer.get(f"/admin/runs/{run.pk}/"))
    assert "Refused: a safety worked. Nothing was changed by this run." in page
    assert "Failed" not in page
    assert "Dismiss" not in page


def test_recent_runs_and_the_import_button_are_there(operator: Client, live: Callable[..., Applied]) -> None:
    run = live(BEFORE).run
    page = home(operator)
    assert f'href="/admin/runs/{run.pk}/"' in page
    assert '<a class="ws-btn primary" href="/admin/import/">Import a template</a>' in page


def test_who_may_only_look_gets_no_import_button(viewer: Client) -> None:
    assert "Import a template" not in home(viewer)


def test_nothing_of_another_organization_is_counted(
    stranger: Client, live: Callable[..., Applied], organization: Organization, actor: Actor
) -> None:
    live(BEFORE)
    live(AFTER)
    failed(organization, actor)
    page = home(stranger)
    assert "Acme" not in page
    assert "Nothing waits for you." in page
    assert "No run yet." in page


def test_who_may_see_nothing_is_told_so(signed_in: Callable[[User], Client], db: None) -> None:
    page = home(signed_in(User.objects.create_user("dave", is_staff=True)))
    assert "You may not look at anything here yet." in page


def test_more_workspaces_need_no_more_queries(
    viewer: Client,
    live: Callable[..., Applied],
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    probes = 2 if connection.vendor == "postgresql" else 0  # whether it takes changes, and has room
    for tree in (BEFORE, AFTER):
        live(tree)
        with django_assert_num_queries(17 + probes):
            home(viewer)


@pytest.fixture
def with_engine(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "docker"


def stray(number: int, *, state: ContainerState | None = ContainerState.RUNNING) -> Unknown:
    held = Held(state=state, volumes=("ws-data",), name="Secret", organization="elsewhere")
    return Unknown(id=UUID(int=number), why="no workspace has this id", held=held)


def test_strays_stand_there_with_what_will_happen_and_without_names(
    with_engine: None, viewer: Client, organization: Organization
) -> None:
    note_strays([stray(1), stray(2), stray(3, state=None)])
    page = home(viewer)
    until = Stray.objects.earliest("first_seen_at").first_seen_at + timedelta(days=1)
    assert "The engine holds something for 3 workspaces that this database does not know" in page
    assert f"2 containers run, the first until {until:%a} {until.day} {until:%b %H:%M:%S}: then it is stopped." in page
    assert "<code>manage.py sweep --purge</code>" in page
    assert "Secret" not in page
    assert "Nothing waits for you." not in page


def test_a_stray_that_ended_only_keeps_its_volumes(
    with_engine: None, viewer: Client, organization: Organization
) -> None:
    note_strays([stray(1, state=ContainerState.STOPPED)])
    assert "Nothing of it runs. No volume is destroyed before somebody says so" in home(viewer)


@pytest.mark.parametrize("mode", ["report", "off"])
def test_where_no_stray_is_stopped_the_page_promises_no_time(
    with_engine: None, viewer: Client, organization: Organization, settings: Any, mode: str
) -> None:
    settings.ORGSITE_SWEEP = mode
    note_strays([stray(1)])
    assert f"1 container runs on, because <code>ORGSITE_SWEEP</code> is <code>{mode}</code>." in home(viewer)


def test_a_restored_database_is_an_alert_with_the_commands(
    with_engine: None, viewer: Client, organization: Organization
) -> None:
    note_strays([stray(1)])
    note_epochs({f"999999:{'0' * 32}"})
    page = home(viewer)
    assert "This database is not the one that the containers were made from" in page
    assert "run <code>manage.py sweep --accept</code>" in page
    assert "All of it is left as it is." in page
    assert "--purge" not in page  # which is refused until then
    accept_epochs(actor=SYSTEM)
    assert "is not the one that the containers were made from" not in home(viewer)


def test_without_an_engine_nobody_hears_of_strays(viewer: Client, live: Callable[..., Applied]) -> None:
    live(BEFORE)
    note_strays([stray(1)])
    assert "Nothing waits for you." in home(viewer)
