"""Runs: the list, and what one of them did."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from tests.admin.pages import text
from tests.trees import AFTER, BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import RemovalNotConfirmed
from workspaces.models import ImportRun, Organization
from workspaces.services.imports.importing import Applied, Confirmation, apply_import
from workspaces.services.plans.runs import at_work, open_run

STILL = ImportOptions(updates=True)  # nothing moves: what stands elsewhere is made anew


@pytest.fixture
def reconciled(live: Callable[..., Applied], organization: Organization, actor: Actor) -> ImportRun:
    live(BEFORE)
    confirmed = Confirmation(confirm_removals=8)
    return apply_import(
        organization,
        loaded(AFTER),
        mode=Mode.RECONCILE,
        options=STILL,
        actor=actor,
        reason="moved house",
        confirmation=confirmed,
    ).run


def page_of(client: Client, run: ImportRun) -> str:
    return text(client.get(f"/admin/runs/{run.pk}/"))


def test_a_finished_run_says_what_it_did_and_why(viewer: Client, reconciled: ImportRun) -> None:
    page = page_of(viewer, reconciled)
    assert "Done. 8 workspaces created, 8 workspaces removed, 1 kept; 9 are live." in page
    assert "moved house" in page
    assert page.count("Created</span>") == 8
    assert page.count("Removed</span>") == 8
    assert "same name as PM › Dev Lead › QA Engineer" in page


def test_a_finished_run_says_how_many_went_that_the_template_does_not_name(
    viewer: Client, live: Callable[..., Applied], organization: Organization, actor: Actor
) -> None:
    live({"PM": {"Infra Lead": {"Scratch": {}}}})
    wanted, confirmed = loaded({"PM": {"Dev Lead": {"Infra Lead": {}}}}), Confirmation(confirm_removals=2)
    run = apply_import(
        organization, wanted, mode=Mode.RECONCILE, options=STILL, actor=actor, confirmation=confirmed
    ).run
    assert '<div class="collateral"><dt>of them collateral</dt> <dd>1</dd>' in page_of(viewer, run)


def test_removals_come_first_and_in_tree_order(viewer: Client, reconciled: ImportRun) -> None:
    page = page_of(viewer, reconciled)
    assert page.index("Removed</span>") < page.index("Created</span>")


def test_a_refused_run_shows_what_was_in_the_way(
    viewer: Client, live: Callable[..., Applied], organization: Organization, actor: Actor
) -> None:
    live(BEFORE)
    with pytest.raises(RemovalNotConfirmed):
        apply_import(
            organization,
            loaded(AFTER),
            mode=Mode.RECONCILE,
            options=STILL,
            actor=actor,
            confirmation=Confirmation(confirm_removals=3),
        )
    page = page_of(viewer, ImportRun.objects.get(state="refused"))
    assert "Nothing was changed by this run." in page
    assert "This would remove 8 workspaces, not 3." in page


def test_an_open_run_says_that_it_is_running(viewer: Client, organization: Organization, actor: Actor) -> None:
    run = open_run(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor, reason="")
    with at_work(run):
        assert "Running." in page_of(viewer, run)


def test_only_a_running_run_asks_for_itself_again(
    viewer: Client, reconciled: ImportRun, organization: Organization, actor: Actor
) -> None:
    run = open_run(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor, reason="")
    page = page_of(viewer, run)
    assert f'hx-get="/admin/runs/{run.pk}/" hx-trigger="every 2s"' in page
    assert f'<a class="ws-btn" href="/admin/runs/{run.pk}/">Refresh</a>' in page
    assert "hx-get" not in page_of(viewer, reconciled)


def test_the_part_that_changes_comes_alone(viewer: Client, reconciled: ImportRun) -> None:
    part = text(viewer.get(f"/admin/runs/{reconciled.pk}/", headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert "Done. 8 workspaces created" in part
    assert "hx-get" not in part


def test_a_run_whose_process_is_gone_says_that_it_will_be_closed(
    viewer: Client, organization: Organization, actor: Actor
) -> None:
    run = open_run(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor, reason="")
    ImportRun.objects.update(owner=run.owner + "0")
    page = page_of(viewer, run)
    assert "the run will be closed as interrupted" in page
    assert "nothing is lost" in page


def test_an_auditor_is_led_to_the_minute_in_the_timeline(operator: Client, reconciled: ImportRun) -> None:
    started = timezone.localtime(reconciled.started_at)
    address = f"/admin/timeline/?day={started:%Y-%m-%d}&amp;at={started:%H:%M}&amp;org=acme"
    assert address in page_of(operator, reconciled)


def test_a_viewer_sees_no_link_to_the_timeline(viewer: Client, reconciled: ImportRun) -> None:
    assert "/admin/timeline/" not in page_of(viewer, reconciled)


def test_the_list_shows_the_runs_of_the_members_only(viewer: Client, stranger: Client, reconciled: ImportRun) -> None:
    assert str(reconciled.pk) in text(viewer.get("/admin/runs/"))
    assert str(reconciled.pk) not in text(stranger.get("/admin/runs/"))


def test_a_stranger_finds_no_run(stranger: Client, reconciled: ImportRun) -> None:
    assert stranger.get(f"/admin/runs/{reconciled.pk}/").status_code == 404
