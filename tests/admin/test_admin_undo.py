"""Undo of a run and restore of removed workspaces on the pages: the plan first, then what it takes to apply it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client

from tests.admin.pages import LIST, live_names, named, text
from tests.trees import Tree, loaded
from workspaces.access import Actor
from workspaces.admin.undo import undo_pages
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import Node
from workspaces.models import Container, ImportRun, Organization, Schedule, Workspace
from workspaces.services.imports.importing import Applied, apply_import
from workspaces.services.plans.runs import at_work, open_run
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.undo.undoing import apply_undo
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import edit_workspace

RESTORE = "/admin/restore/"
OVERWRITE = ImportOptions.of(Mode.RECONCILE, overwrite=True)
GB = 1024**3
SUNDAY = datetime(2099, 12, 6, 20, 25, tzinfo=UTC)
TEAM: Tree = {"PM": {"Docs": {"Editor": {}}, "Ops": {}}}

Live = Callable[..., Applied]
Remove = Callable[..., ImportRun]


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"


@pytest.fixture
def remove(live: Live) -> Remove:
    """Make the team live with a gigabyte for each, and remove some of it with all below; its run."""

    def gone(*names: str, data: DataPolicy = DataPolicy.WAIT, by: str = "olga") -> ImportRun:
        if not Workspace.objects.exists():
            live(TEAM)
        Container.objects.update(volume_bytes=GB)
        ids = [named(name).pk for name in names]
        cascade_delete(ids, actor=Actor(name=by), reason="TICKET-42", data=data)
        Container.objects.filter(purge_at__isnull=False).update(purge_at=SUNDAY)
        return ImportRun.objects.latest("number")

    return gone


def destroyed(*names: str) -> None:
    """Their volumes are gone."""
    rows = Container.objects.filter(workspace__name__in=names)
    rows.update(purge_at=None, purged_at=SUNDAY, due_at=None, observed="absent")


def undo_of(run: ImportRun) -> str:
    return f"/admin/runs/{run.pk}/undo/"


def restore_of(*names: str) -> str:
    rows = Workspace.objects.filter(name__in=names, status="removed")
    return f"{RESTORE}?ids={'.'.join(row.pk.hex for row in rows)}"


def page_of(client: Client, address: str, **query: str) -> str:
    return unescape(text(client.get(address, query)))


def unmarked(page: str) -> str:
    """Without what isolates names."""
    return re.sub(r'</?bdi[^>]*>|<span class="ws-path">([^§]*?)</span>', r"\1", re.sub("</?bdi[^>]*>", "", page))


def row(page: str, name: str) -> str:
    """The last row of that name, with what stands below it."""
    parts = re.split(r"(?=<tr id=)", unmarked(page))
    return [each for each in parts if f'<span class="ws-name">{name}</span>' in each.split("</tr>")[0]][-1]


def apply(client: Client, address: str, **given: str) -> HttpResponse:
    """Send the form as it is on the page, with what a person fills in."""
    page = page_of(client, address)
    hidden = dict(re.findall(r'<input type="hidden" name="(plan|seen|confirm_removals)" value="([^"]*)">', page))
    return client.post(address, {**hidden, **given})


def run_after(answer: HttpResponse) -> ImportRun:
    assert answer.status_code == 302, text(answer)
    return ImportRun.objects.get(pk=answer["Location"].split("/")[-2])


# ---- the plan


def test_the_plan_of_an_undo_is_a_tree_of_what_comes_back_with_which_data(operator: Client, remove: Remove) -> None:
    run = remove("Docs")
    page = page_of(operator, undo_of(run))
    assert f"Undo run <strong>#{run.number}</strong>: remove from <strong>Acme</strong>" in page
    assert "<b>Restores 2 with 2.0 GB.</b> The restored ones start again and get new tokens" in page
    line = row(page, "Editor")
    assert "Restore</span>" in line
    assert "removed by that run" in line
    assert "<b>1.0 GB</b> come back; a new token" in line
    assert "its old tokens stay revoked for ever" in line


def test_the_plan_says_until_when_the_data_is_kept(operator: Client, remove: Remove) -> None:
    page = page_of(operator, undo_of(remove("Docs")))
    assert "The data is kept until <b>Sun 6 Dec 2099 20:25</b>" in page
    assert "volumes that else are destroyed Sun 6 Dec 2099 20:25" in page


def test_a_look_changes_nothing(operator: Client, remove: Remove) -> None:
    run = remove("Docs")
    operator.get(undo_of(run))
    assert live_names() == ["Ops", "PM"]
    assert ImportRun.objects.latest("number") == run


def test_only_changes_are_shown_at_first_and_the_filters_count(operator: Client, remove: Remove) -> None:
    address = undo_of(remove("Docs"))
    page = page_of(operator, address)
    assert re.findall(r'<span class="ws-name"><bdi>(.*?)</bdi>', page) == ["PM", "Docs", "Editor"]
    assert "1 unchanged workspace is not shown" in page
    assert re.findall(r">(All|Changes|Restores|Removals) (\d+)<", page) == [
        ("All", "4"), ("Changes", "2"), ("Restores", "2"),
    ]  # fmt: skip
    assert "Ops</bdi>" in page_of(operator, address, show="all")


def test_a_schedule_that_the_removal_disabled_is_announced(operator: Client, live: Live, remove: Remove) -> None:
    live(TEAM)
    Schedule.objects.create(
        workspace=named("Ops"), name="Pulse", cron_expr="* * * * *", created_at=SUNDAY, updated_at=SUNDAY
    )
    assert "schedule Pulse is enabled again" in row(page_of(operator, undo_of(remove("Ops"))), "Ops")


def test_the_dock_is_open_at_once_with_the_rules_that_judge_the_plan(operator: Client, live: Live) -> None:
    run = live(TEAM).run
    page = page_of(operator, undo_of(run))
    assert '<details name="apply" class="kill" open>' in page
    assert f"<b>Undo #{run.number}…</b> <span>-4</span>" in page
    assert "needs the number" in page
    assert '<i aria-hidden="true">!</i>more than 50% of the 4 that are live now' in page
    assert '<i aria-hidden="true">✓</i>no data is lost' in page


def test_what_was_moved_goes_back_and_a_thin_row_marks_where_it_stands(
    operator: Client, live: Live, organization: Organization, actor: Actor
) -> None:
    live({"PM": {"Lead": {"Docs": {}}}})
    moved = loaded({"PM": {"Lead": {}, "Docs": {}}})
    run = apply_import(organization, moved, mode=Mode.RECONCILE, actor=actor).run
    page = unmarked(page_of(operator, undo_of(run)))
    assert re.search(r'goes back to <a href="#w\d+">PM › Lead › Docs</a>', page)
    assert re.search(r'from <a href="#w\d+">PM › Docs</a>', page)
    run_after(apply(operator, undo_of(run)))
    assert named("Docs").parent == named("Lead")


def test_a_field_that_somebody_changed_since_is_left_and_says_by_whom(
    operator: Client, live: Live, organization: Organization, actor: Actor
) -> None:
    live({"PM": {}})
    wanted = loaded({"PM": {}}, plugins=["git"])
    run = apply_import(organization, wanted, mode=Mode.RECONCILE, actor=actor).run
    Workspace.objects.filter(name="PM").update(spec={"plugins": ["git", "web"]})
    line = row(page_of(operator, undo_of(run), show="all"), "PM")
    assert "Can't go back" in line
    assert "left: changed here since" in line
    assert "changed since, left as it is: spec.plugins" in line
    heads = re.findall(r'<th scope="col".*?>(.*?)</th>', line)
    assert heads == ["Field", f"Before #{run.number}", f"#{run.number} made it", "Live", "Result"]


def test_the_one_who_changed_a_field_since_is_named(
    operator: Client, live: Live, organization: Organization, actor: Actor
) -> None:
    live({"PM": {}})
    edit_workspace(named("PM"), {"tier": 3}, actor=Actor(name="sam"))
    run = apply_import(organization, loaded({"PM": {}}), mode=Mode.RECONCILE, options=OVERWRITE, actor=actor).run
    edit_workspace(named("PM"), {"tier": 1}, actor=Actor(name="vik"))
    line = row(page_of(operator, undo_of(run), show="all"), "PM")
    assert re.search(r"left: changed here since by vik, \d+ \w+ \d\d:\d\d", line)


# ---- what cannot come back


@pytest.fixture
def taken(remove: Remove, organization: Organization) -> ImportRun:
    """Docs and Editor were removed, and sam has made another Docs since."""
    run = remove("Docs")
    create_workspace(organization, Node(name="Docs", path=""), parent_id=named("PM").pk, actor=Actor(name="sam"))
    return run


def test_a_name_taken_meanwhile_is_an_amber_row_with_its_reason_and_what_to_do(
    operator: Client, remove: Remove, taken: ImportRun
) -> None:
    remove("Ops")
    page = page_of(operator, undo_of(taken))
    assert "Nothing to undo." in page
    line = next(each for each in re.split(r"(?=<tr id=)", unmarked(page)) if "Can't come back" in each)
    assert 'class="cannot"' in line
    assert "another workspace has the name Docs at its place" in line
    assert "<b>1.0 GB</b> kept until Sun 6 Dec 2099 20:25" in line
    assert f'rename or remove that one first (<a class="ws-link" href="{LIST}{named("Docs").pk}/change/">' in line
    assert "restore it by itself</a> later, until Sun 6 Dec 2099 20:25 with its data." in line


def test_the_rest_is_undone_without_what_cannot_come_back(
    operator: Client, live: Live, organization: Organization, actor: Actor
) -> None:
    live(TEAM)
    run = cascade(operator, "Docs", "Ops")
    create_workspace(organization, Node(name="Docs", path=""), parent_id=named("PM").pk, actor=actor)
    page = page_of(operator, undo_of(run))
    assert f"1 of the 3 things that #{run.number} did can be taken back; 2 can't." in page
    undone = run_after(apply(operator, undo_of(run)))
    assert (undone.restored_count, undone.undoes) == (1, run)
    assert live_names() == ["Docs", "Ops", "PM"]


def test_data_that_was_destroyed_is_said_and_takes_the_tick_and_the_number(operator: Client, remove: Remove) -> None:
    address = undo_of(remove("Docs"))
    destroyed("Editor")
    page = page_of(operator, address)
    assert "<b>comes back empty:</b> its data was destroyed Sun 6 Dec 2099 20:25" in row(page, "Editor")
    assert "needs the tick and the number" in page
    assert "Bring 1 workspace back empty: the data was destroyed" in page
    for given in ({}, {"accept_data_loss": "1"}, {"confirm_data_loss": "1"}):
        answer = apply(operator, address, **given)
        assert answer.status_code == 400
        assert "Nothing was changed." in text(answer)
    run_after(apply(operator, address, accept_data_loss="1", confirm_data_loss="1"))
    assert live_names() == ["Docs", "Editor", "Ops", "PM"]


def test_without_an_engine_nothing_is_said_of_data(operator: Client, remove: Remove, settings: Any) -> None:
    settings.ORGSITE_ENGINE = "none"
    page = page_of(operator, undo_of(remove("Docs")))
    assert "Tokens and schedules" in page
    assert not re.search(r"GB|volume|kept until|Container and data", page.split("</thead>")[1])
    run_after(apply(operator, undo_of(ImportRun.objects.latest("number"))))


# ---- nothing to undo


def test_a_run_that_is_undone_says_by_which_and_has_no_buttons(operator: Client, remove: Remove, actor: Actor) -> None:
    run = remove("Docs")
    by = apply_undo(run, actor=actor).run
    page = page_of(operator, undo_of(run))
    assert f"Run #{run.number} is undone already, by run #{by.number}." in page
    assert f'<a href="/admin/runs/{by.pk}/">Look at run #{by.number}</a>' in page
    assert 'id="apply"' not in page


def test_a_run_that_changed_nothing_has_nothing_to_undo(operator: Client, live: Live) -> None:
    live(TEAM)
    run = live(TEAM).run
    page = page_of(operator, undo_of(run))
    assert "changed nothing, so there is nothing to take back" in page
    assert 'id="apply"' not in page


# ---- applying


def cascade(client: Client, *names: str) -> ImportRun:
    ids = [named(name).pk for name in names]
    Container.objects.update(volume_bytes=GB)
    cascade_delete(ids, actor=Actor(name="olga"))
    return ImportRun.objects.latest("number")


def test_one_click_undoes_a_removal_and_leads_to_its_run(operator: Client, remove: Remove) -> None:
    run = remove("Docs")
    before = set(Workspace.objects.filter(status="removed").values_list("pk", flat=True))
    undone = run_after(apply(operator, undo_of(run), reason="a mistake"))
    assert (undone.mode, undone.undoes, undone.reason, undone.actor) == ("undo", run, "a mistake", "alice")
    assert live_names() == ["Docs", "Editor", "Ops", "PM"]
    assert {named("Docs").pk, named("Editor").pk} == before


def test_what_an_undo_removes_takes_the_number_where_the_guard_asks(operator: Client, live: Live) -> None:
    run = live(TEAM).run
    address = undo_of(run)
    assert apply(operator, address).status_code == 400
    assert apply(operator, address, confirm_removals="3").status_code == 400
    assert live_names() == ["Docs", "Editor", "Ops", "PM"]
    run_after(apply(operator, address, confirm_removals="4"))
    assert live_names() == []


def test_collateral_of_an_undo_takes_the_tick(
    operator: Client, live: Live, organization: Organization, actor: Actor
) -> None:
    live({"PM": {}, "Dev": {}, "QA": {}})
    run = apply_import(organization, loaded({"Lab": {}}), mode=Mode.MERGE, actor=actor).run
    create_workspace(organization, Node(name="Desk", path=""), parent_id=named("Lab").pk, actor=actor)
    page = page_of(operator, undo_of(run))
    assert "Also remove the 1 workspace that the run did not make" in page
    assert apply(operator, undo_of(run), confirm_removals="2").status_code == 400
    run_after(apply(operator, undo_of(run), confirm_removals="2", accept_collateral="1"))
    assert live_names() == ["Dev", "PM", "QA"]


def test_the_same_form_sent_twice_is_applied_once_and_leads_to_one_run(operator: Client, remove: Remove) -> None:
    address = undo_of(remove("Docs"))
    page = page_of(operator, address)
    form = dict(re.findall(r'<input type="hidden" name="(plan|seen|confirm_removals)" value="([^"]*)">', page))
    first, second = (operator.post(address, form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert ImportRun.objects.filter(mode="undo").count() == 1
    assert "It was not applied a second time." in text(operator.get(second["Location"]))


def test_a_plan_that_is_out_of_date_changes_nothing_and_says_what_changed(
    operator: Client, remove: Remove, organization: Organization
) -> None:
    address = undo_of(remove("Docs"))
    form = dict(re.findall(r'name="(plan|seen|confirm_removals)" value="([^"]*)"', page_of(operator, address)))
    create_workspace(organization, Node(name="Sandbox", path=""), parent_id=None, actor=Actor(name="sam"))
    answer = operator.post(address, form)
    page = text(answer)
    assert answer.status_code == 409
    assert "The tree changed since this preview." in page
    assert "<bdi>Sandbox</bdi> created (sam)" in page
    assert re.search(r'<button class="ws-btn primary" id="go" disabled>', page)
    assert "Preview again</a>" in page
    assert live_names() == ["Ops", "PM", "Sandbox"]


def test_a_form_without_a_plan_changes_nothing(operator: Client, remove: Remove) -> None:
    answer = operator.post(undo_of(remove("Docs")), {"confirm_removals": "0"})
    assert answer.status_code == 400
    assert live_names() == ["Ops", "PM"]


def test_while_another_run_goes_on_the_button_is_off(
    operator: Client, remove: Remove, organization: Organization, actor: Actor
) -> None:
    run = remove("Docs")
    other = open_run(organization, loaded(TEAM), mode=Mode.MERGE, actor=actor, reason="")
    with at_work(other):
        page = page_of(operator, undo_of(run))
    assert "Another run of Acme has not ended" in page
    assert re.search(r'<button class="ws-btn primary" id="go" disabled>', page)


def test_an_undo_can_be_undone(operator: Client, remove: Remove) -> None:
    undone = run_after(apply(operator, undo_of(remove("Docs"))))
    page = page_of(operator, undo_of(undone))
    assert "restored by that run" in page
    assert "(2.0 GB)" in page
    run_after(apply(operator, undo_of(undone)))
    assert live_names() == ["Ops", "PM"]


# ---- who may


def granted(user: User, *rights: str) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))


def test_a_viewer_may_look_and_not_apply(viewer: Client, alice: User, remove: Remove) -> None:
    address = undo_of(remove("Docs"))
    page = page_of(viewer, address)
    assert "<b>You may look, not apply.</b> It can be applied by alice." in page
    assert 'id="go"' not in page
    assert apply(viewer, address).status_code == 403
    assert live_names() == ["Ops", "PM"]


def test_an_undo_that_removes_takes_the_right_to_remove(
    signed_in: Callable[[User], Client], bob: User, alice: User, live: Live
) -> None:
    run = live(TEAM).run
    granted(bob, "import_org")
    client = signed_in(bob)
    assert "It can be applied by alice." in page_of(client, undo_of(run))
    assert apply(client, undo_of(run), confirm_removals="4").status_code == 403
    assert len(live_names()) == 4


def test_an_undo_that_only_restores_takes_the_right_to_import_alone(
    signed_in: Callable[[User], Client], bob: User, remove: Remove
) -> None:
    granted(bob, "import_org")
    run_after(apply(signed_in(bob), undo_of(remove("Docs"))))
    assert live_names() == ["Docs", "Editor", "Ops", "PM"]


def test_a_stranger_finds_no_run_and_nothing_to_restore(stranger: Client, remove: Remove) -> None:
    run = remove("Docs")
    for address in (undo_of(run), restore_of("Docs")):
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, {"plan": "x"}).status_code == 404


# ---- restoring single ones


def test_a_removed_workspace_s_page_leads_to_its_restore(operator: Client, viewer: Client, remove: Remove) -> None:
    remove("Docs")
    gone = Workspace.objects.get(name="Docs")
    link = f'<a class="ws-btn primary" href="{RESTORE}?ids={gone.pk}">Restore until Sun 6 Dec 2099…</a>'
    assert link in page_of(operator, f"{LIST}{gone.pk}/change/")
    assert RESTORE not in page_of(viewer, f"{LIST}{gone.pk}/change/")


def test_a_restore_brings_what_went_with_it(operator: Client, remove: Remove) -> None:
    remove("Docs", "Ops")
    page = page_of(operator, restore_of("Docs"))
    assert "Restore <strong><bdi>Docs</bdi></strong> in <strong>Acme</strong>" in page
    assert "Restores 2 with 2.0 GB." in page
    undone = run_after(apply(operator, restore_of("Docs"), reason="needed"))
    assert (undone.undoes, undone.restored_count) == (None, 2)
    assert live_names() == ["Docs", "Editor", "PM"]


def test_the_filters_of_a_restore_keep_what_was_chosen(operator: Client, remove: Remove) -> None:
    remove("Docs", "Ops")
    address = restore_of("Docs", "Ops")
    page = page_of(operator, address)
    ids = address.partition("ids=")[2]
    hidden = re.findall(r'<input type="hidden" name="ids" value="([0-9a-f.]+)">', page)
    assert [set(each.split(".")) for each in hidden] == [set(ids.split("."))]
    assert re.search(r'href="\?ids=[0-9a-f.]{65}&show=all#plan"', page)


def test_several_are_restored_from_the_list(operator: Client, remove: Remove) -> None:
    remove("Docs", "Ops")
    page = page_of(operator, LIST, status="removed")
    assert '<option value="restore">Restore selected workspaces…</option>' in page
    ids = [row.pk for row in Workspace.objects.filter(status="removed", name__in=["Docs", "Ops"])]
    answer = operator.post(f"{LIST}?status=removed", {"action": "restore", "_selected_action": ids})
    run_after(apply(operator, answer["Location"]))
    assert live_names() == ["Docs", "Editor", "Ops", "PM"]


def test_the_list_says_what_cannot_be_restored_together(
    root: Client, remove: Remove, live: Live, elsewhere: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove("Docs", "Ops")
    live({"Theirs": {}}, elsewhere)
    cascade(root, "Theirs")
    every = list(Workspace.objects.filter(status="removed").values_list("pk", flat=True))
    cases = ((100, [], "Tick at least one."), (1, every[:2], "Tick 1 at most"), (100, every, "several organizations"))
    for most, ids, refusal in cases:
        monkeypatch.setattr(undo_pages, "MOST_AT_ONCE", most)
        answer = root.post(LIST, {"action": "restore", "_selected_action": ids}, follow=True)
        assert refusal in text(answer)


@pytest.mark.parametrize("ids", ["", "?ids=", "?ids=nonsense", "?ids=" + "0" * 32])
def test_nothing_is_restored_without_a_workspace(operator: Client, remove: Remove, ids: str) -> None:
    remove("Docs")
    assert operator.get(f"{RESTORE}{ids}").status_code == 404


def test_a_live_one_is_not_restored(operator: Client, live: Live) -> None:
    live(TEAM)
    page = page_of(operator, f"{RESTORE}?ids={named('Docs').pk}")
    assert "1 of the chosen is live" in page
    assert "Nothing to restore." in page
