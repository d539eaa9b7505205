"""The way back on a run's page: until when, what it would do, or why there is none; and undos among runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.admin.pages import named, text
from tests.trees import Tree, loaded
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import NothingToUndo
from workspaces.models import Container, ImportRun, Organization, Workspace
from workspaces.services.imports.importing import Applied, apply_import
from workspaces.services.plans.runs import at_work, open_run
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.undo.undoing import UndoConfirmation, apply_restore, apply_undo

GB = 1024**3
SUNDAY = datetime(2099, 12, 6, 20, 25, tzinfo=UTC)
TEAM: Tree = {"PM": {"Docs": {"Editor": {}}, "Ops": {}}}

Live = Callable[..., Applied]
Remove = Callable[..., ImportRun]


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"


@pytest.fixture
def remove(live: Live, actor: Actor) -> Remove:
    """Docs and Editor, with a gigabyte each, are removed; their run."""

    def gone(data: DataPolicy = DataPolicy.WAIT) -> ImportRun:
        live(TEAM)
        Container.objects.update(volume_bytes=GB, due_at=None, observed="running")
        cascade_delete([named("Docs").pk], actor=actor, data=data)
        Container.objects.filter(purge_at__isnull=False).update(purge_at=SUNDAY)
        Container.objects.filter(desired="absent").update(due_at=None, released_at=SUNDAY, observed="absent")
        return ImportRun.objects.latest("number")

    return gone


def destroyed(*names: str, later: timedelta = timedelta(hours=1)) -> None:
    rows = Container.objects.filter(workspace__name__in=names)
    rows.update(purge_at=None, keep_volumes=False, purged_at=SUNDAY + later)


def way_back(client: Client, run: ImportRun) -> str:
    """The note with the way back on the page of the run, without marks."""
    page = unescape(text(client.get(f"/admin/runs/{run.pk}/")))
    found = re.search(r'<div class="ws-note ws-undo">(.*?)</div>', page)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


# ---- the run's page


def test_a_removal_says_until_when_it_can_be_undone_with_its_data_and_what_that_would_do(
    operator: Client, remove: Remove
) -> None:
    assert way_back(operator, remove()) == (
        "Can be undone with its data until Sun 6 Dec 2099 20:25. Till then the data of what it removed is kept"
        " (2.0 GB), then it is destroyed. An undo would restore 2, unless that changed since. Undo this run…"
    )


def test_the_button_leads_to_the_plan_and_a_viewer_may_look_at_it(
    operator: Client, viewer: Client, remove: Remove
) -> None:
    run = remove()
    link = f'href="/admin/runs/{run.pk}/undo/">'
    assert f'<a class="ws-btn" id="undo" {link}Undo this run…</a>' in text(operator.get(f"/admin/runs/{run.pk}/"))
    assert f'<a id="undo" {link}Look at what an undo would do</a>' in text(viewer.get(f"/admin/runs/{run.pk}/"))


def test_an_import_says_what_an_undo_would_take_back(
    operator: Client, live: Live, organization: Organization, actor: Actor
) -> None:
    live({"PM": {"Lead": {"Docs": {}}}})
    wanted = loaded({"PM": {"Lead": {}, "Docs": {}}, "Lab": {}})
    run = apply_import(organization, wanted, mode=Mode.RECONCILE, actor=actor).run
    Container.objects.update(due_at=None)
    assert way_back(operator, run).startswith(
        "Can be undone. An undo would move 1 back and remove the 1 that it created, unless that changed since."
    )


def test_what_still_waits_is_taken_back_too(operator: Client, live: Live) -> None:
    assert "Undoing it now takes back what still waits, too." in way_back(operator, live(TEAM).run)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (DataPolicy.KEEP, "Can be undone. The data of what it removed is kept for good (2.0 GB)."),
        (
            DataPolicy.ERASE,
            "The data of what it removed is being destroyed. An undo would restore 2, unless that changed "
            "since. Undo without the",
        ),
    ],
)
def test_data_that_does_not_wait_is_told(operator: Client, remove: Remove, data: DataPolicy, said: str) -> None:
    assert way_back(operator, remove(data)).startswith(said)


@pytest.mark.parametrize(("later", "how"), [(0, "destroyed at once"), (1, "destroyed")])
def test_destroyed_data_is_dated_and_the_way_back_is_without_it(
    operator: Client, remove: Remove, later: int, how: str
) -> None:
    run = remove()
    destroyed("Docs", "Editor", later=timedelta(hours=later))
    said = way_back(operator, run)
    assert said.startswith(f"Data {how}, Sun 6 Dec 2099 2{later}:25. What it removed can come back, but empty.")
    assert said.endswith("Undo without the data…")


def test_data_of_which_a_part_is_destroyed_is_counted(operator: Client, remove: Remove) -> None:
    run = remove()
    destroyed("Editor")
    assert "is kept (1.0 GB), then it is destroyed. The data of 1 of 2 is destroyed." in way_back(operator, run)


def test_without_an_engine_nothing_is_said_of_data(operator: Client, live: Live, actor: Actor, settings: Any) -> None:
    settings.ORGSITE_ENGINE = "none"
    live(TEAM)
    cascade_delete([named("Docs").pk], actor=actor)
    run = ImportRun.objects.latest("number")
    assert (
        way_back(operator, run) == "Can be undone. An undo would restore 2, unless that changed since. Undo this run…"
    )


def test_a_run_that_changed_nothing_has_nothing_to_undo(operator: Client, live: Live) -> None:
    live(TEAM)
    assert way_back(operator, live(TEAM).run) == "Nothing to undo: this run changed nothing."


def test_a_run_that_goes_on_or_failed_has_no_way_back(
    operator: Client, organization: Organization, actor: Actor, remove: Remove
) -> None:
    run = remove()
    apply_undo(run, actor=actor)
    with pytest.raises(NothingToUndo):
        apply_undo(run, actor=actor)
    assert way_back(operator, ImportRun.objects.get(state="refused")) == ""
    going = open_run(organization, loaded(TEAM), mode=Mode.MERGE, actor=actor, reason="")
    with at_work(going):
        assert way_back(operator, going) == ""


def test_an_undone_run_says_by_which(operator: Client, remove: Remove, actor: Actor) -> None:
    run = remove()
    by = apply_undo(run, actor=actor).run
    said = way_back(operator, run)
    assert said.startswith(f"Undone by run #{by.number} , ")
    assert said.endswith("by alice. Is anything left of it?")


# ---- an undo's own page


def test_an_undo_tells_what_it_undid_and_what_it_restored(operator: Client, remove: Remove, actor: Actor) -> None:
    run = remove()
    by = apply_undo(run, actor=actor, reason="a mistake").run
    page = text(operator.get(f"/admin/runs/{by.pk}/"))
    assert f"<h1>Run <strong>#{by.number}</strong>: undo of #{run.number} in <strong>Acme</strong></h1>" in page
    assert f'undoes <a class="ws-link" id="undoes" href="/admin/runs/{run.pk}/">run #{run.number}</a>' in page
    assert "2 workspaces restored, 4 are live." in page
    assert page.count('<span class="ws-op restore"><i aria-hidden="true">^</i>Restored</span>') == 2
    assert page.count("volumes back") == 2
    assert "<dt>restored</dt><dd>2</dd>" in page
    assert '<progress value="0" max="2" aria-label="Restore">' in page


def test_an_undo_says_of_what_came_back_empty(operator: Client, remove: Remove, actor: Actor) -> None:
    run = remove()
    destroyed("Editor")
    by = apply_undo(run, actor=actor, confirmation=UndoConfirmation(confirm_data_loss=1)).run
    page = text(operator.get(f"/admin/runs/{by.pk}/"))
    assert (page.count("volumes back"), page.count("destroyed before, empty")) == (1, 1)


def test_a_restore_is_an_undo_of_no_run(
    operator: Client, remove: Remove, organization: Organization, actor: Actor
) -> None:
    remove()
    gone = Workspace.objects.get(name="Docs")
    by = apply_restore(organization, [gone.pk], actor=actor).run
    assert "restore in <strong>Acme</strong>" in text(operator.get(f"/admin/runs/{by.pk}/"))


def test_each_removal_says_until_when_its_data_is_kept(operator: Client, remove: Remove) -> None:
    run = remove()
    destroyed("Editor")
    page = text(operator.get(f"/admin/runs/{run.pk}/"))
    assert '<i aria-hidden="true">·</i>1.0 GB, until Sun 6 Dec 2099' in page
    assert '<i aria-hidden="true">·</i>destroyed Sun 6 Dec 2099' in page


def test_of_what_came_back_since_nothing_is_said(operator: Client, remove: Remove, actor: Actor) -> None:
    run = remove()
    apply_undo(run, actor=actor)
    assert "until Sun 6 Dec 2099" not in text(operator.get(f"/admin/runs/{run.pk}/"))


def test_all_of_a_long_undo_is_on_its_pages(operator: Client, live: Live, actor: Actor) -> None:
    live({"Team": {f"W{number}": {} for number in range(520)}})
    cascade_delete([named("Team").pk], actor=actor)
    by = apply_undo(ImportRun.objects.latest("number"), actor=actor).run
    pages = [text(operator.get(f"/admin/runs/{by.pk}/?p={number}")) for number in (1, 2)]
    assert [page.count("Restored</span>") for page in pages] == [500, 21]


# ---- lists


def test_the_list_of_runs_shows_what_was_undone_and_by_which(operator: Client, remove: Remove, actor: Actor) -> None:
    run = remove()
    by = apply_undo(run, actor=actor).run
    page = text(operator.get("/admin/runs/"))
    assert f'undoes <a class="ws-link" href="/admin/runs/{run.pk}/">#{run.number}</a>' in page
    assert f'<a href="/admin/runs/{by.pk}/">undone by #{by.number}</a>' in page
    assert '<td class="ws-num ws-nowrap">^2 +0 =0 -0</td>' in page
    assert f"undone by #{by.number}" in text(operator.get("/admin/"))


def test_a_failed_undo_is_named_on_home(operator: Client, remove: Remove, actor: Actor) -> None:
    run = remove()
    by = apply_undo(run, actor=actor).run
    ImportRun.objects.filter(pk=by.pk).update(state="failed", error="The disk is full")
    assert f"undo of #{run.number}</a> in Acme" in text(operator.get("/admin/"))
