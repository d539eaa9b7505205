"""The preview: both plans of one upload side by side, and what it takes to apply one of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.admin.pages import live_names, named, text
from tests.trees import AFTER, BEFORE, Tree
from workspaces.access import SYSTEM, Actor
from workspaces.core.template import Node
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.security.tokens import issue_workspace_token
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import edit_workspace

Preview = Callable[[Tree], str]
Queries = Callable[[int], AbstractContextManager[object]]
TWICE: Tree = {"PM": {"Infra Lead": {"Scratch": {}}, "Dev Lead": {"Infra Lead": {}}}}
MOVED: Tree = {"PM": {"Dev Lead": {"Infra Lead": {}}}}


@pytest.fixture
def moved(live: Callable[..., Applied], preview: Preview) -> str:
    """Eight duplicates to remove, as old as those in place: both trees are live, and the new one is uploaded."""
    live({"PM": {**BEFORE["PM"], **AFTER["PM"]}})
    return preview(AFTER)


@pytest.fixture
def collateral(live: Callable[..., Applied], preview: Preview) -> str:
    """Two removals, one of them collateral."""
    live(TWICE)
    return preview(MOVED)


def row(page: str, name: str) -> str:
    """The last table row of that name."""
    found = [unmarked(each) for each in re.findall(r"<tr id=.*?</tr>", page)]
    return [each for each in found if f'<span class="ws-name">{name}</span>' in each][-1]


def unmarked(page: str) -> str:
    """Without what isolates names."""
    return re.sub(r'</?bdi[^>]*>|<span class="ws-path">([^§]*?)</span>', r"\1", re.sub("</?bdi[^>]*>", "", page))


def test_one_upload_shows_both_plans_in_one_row(operator: Client, moved: str) -> None:
    line = row(text(operator.get(moved)), "QA Engineer")
    assert "Left running" in line
    assert "Remove" in line
    assert re.search(r'same name as <a href="#w\d+">Dev Lead › QA Engineer</a>', line)


def test_a_link_leads_to_the_twin(operator: Client, moved: str) -> None:
    page = text(operator.get(moved))
    target = re.search(r'href="#(w\d+)">Dev Lead › QA Engineer', unmarked(page))
    assert target
    assert f'<tr id="{target[1]}"' in page


def test_there_are_two_forms_so_that_enter_never_applies_the_other(operator: Client, collateral: str) -> None:
    forms = re.findall(r"<form[^>]*>.*?</form>", text(operator.get(collateral)))
    deciding = [form for form in forms if 'name="mode"' in form]
    assert [re.findall('name="mode" value="([a-z]+)"', form) for form in deciding] == [["merge"], ["reconcile"]]
    assert "confirm_removals" not in deciding[0]


def test_what_goes_with_a_workspace_is_named(operator: Client, live: Callable[..., Applied], preview: Preview) -> None:
    live(TWICE)
    issue_workspace_token(named("Scratch"), actor=SYSTEM)
    line = row(text(operator.get(preview(MOVED))), "Scratch")
    assert "1 token revoked" in line
    assert "record only, no container" in line


def test_merge_creates_and_leaves_the_old_ones_running(
    operator: Client, live: Callable[..., Applied], preview: Preview
) -> None:
    live(BEFORE)
    answer = operator.post(preview(AFTER), {"mode": "merge", "reason": "new tree"})
    run = ImportRun.objects.get(mode="merge", created_count=8)
    assert answer["Location"] == f"/admin/runs/{run.pk}/"
    assert (run.actor, run.reason, run.live_after) == ("alice", "new tree", 17)


def test_reconcile_with_the_typed_number_removes(operator: Client, moved: str) -> None:
    answer = operator.post(moved, {"mode": "reconcile", "confirm_removals": "8"}, follow=True)
    assert "8 workspaces removed" in text(answer)
    assert len(live_names()) == 9


@pytest.mark.parametrize("number", ["", "7", "80", "eight", "8.0"])
def test_a_wrong_number_changes_nothing(operator: Client, moved: str, number: str) -> None:
    answer = operator.post(moved, {"mode": "reconcile", "confirm_removals": number, "reason": "tidy up"})
    assert answer.status_code == 400
    assert 'role="alert"' in text(answer)
    assert 'value="tidy up"' in text(answer)
    assert len(live_names()) == 17


def test_few_removals_take_one_click_with_the_number_in_the_form(
    operator: Client, live: Callable[..., Applied], preview: Preview
) -> None:
    live({"PM": {"Infra Lead": {}, "Dev Lead": {"Infra Lead": {}}, "QA": {}}})
    address = preview({**MOVED, "New": {}})
    page = text(operator.get(address))
    assert '<input type="hidden" name="confirm_removals" value="1">' in page
    assert "Create 1, remove 1" in page
    operator.post(address, {"mode": "reconcile", "confirm_removals": "1"})
    assert live_names() == ["Dev Lead", "Infra Lead", "New", "PM", "QA"]


@pytest.mark.parametrize("given", [{"confirm_removals": "2"}, {"accept_collateral": "1"}])
def test_collateral_needs_the_tick_and_the_number(operator: Client, collateral: str, given: dict[str, str]) -> None:
    answer = operator.post(collateral, {"mode": "reconcile", **given})
    assert answer.status_code == 400
    assert "Scratch" in live_names()


def test_collateral_goes_with_both(operator: Client, collateral: str) -> None:
    operator.post(collateral, {"mode": "reconcile", "confirm_removals": "2", "accept_collateral": "1"})
    assert live_names() == ["Dev Lead", "Infra Lead", "PM"]


def test_collateral_is_shouted(operator: Client, collateral: str) -> None:
    page = text(operator.get(collateral))
    assert "Reconcile would also remove 1 workspace that this template never mentions" in page
    assert re.search(r'below removed <a href="#w\d+">Infra Lead</a>', row(page, "Scratch"))


def test_a_protected_workspace_is_shown_as_kept(
    operator: Client, live: Callable[..., Applied], preview: Preview, actor: Actor
) -> None:
    live(TWICE)
    edit_workspace(Workspace.objects.get(name="Infra Lead", parent__name="PM"), {"protected": True}, actor=actor)
    line = row(text(operator.get(preview(MOVED))), "Infra Lead")
    assert "Held" in line
    assert "protected" in line


def test_an_out_of_date_preview_says_what_changed_and_by_whom(
    operator: Client, moved: str, organization: Organization
) -> None:
    create_workspace(organization, Node(name="Sandbox", path=""), parent_id=None, actor=Actor(name="sam"))
    page = text(operator.get(moved))
    assert "1 workspace changed since this preview" in page
    assert re.search(r"As of \d\d:\d\d:\d\d: ", page)
    assert "nothing changed yet" not in page
    assert "Sandbox created (sam)" in page
    assert re.search(r'<button class="ws-btn danger" id="go" disabled>', page)


def test_applying_an_out_of_date_preview_shows_the_same_page_and_changes_nothing(
    operator: Client, moved: str, organization: Organization
) -> None:
    create_workspace(organization, Node(name="Sandbox", path=""), parent_id=None, actor=Actor(name="sam"))
    answer = operator.post(moved, {"mode": "reconcile", "confirm_removals": "8"})
    assert answer.status_code == 409
    assert "Sandbox created (sam)" in text(answer)
    assert len(live_names()) == 18


def test_preview_again_compares_the_same_template_anew(
    operator: Client, moved: str, organization: Organization
) -> None:
    create_workspace(organization, Node(name="Sandbox", path=""), parent_id=None, actor=Actor(name="sam"))
    answer = operator.post(moved, {"again": "1"})
    assert answer["Location"] != moved
    assert "compared with all 18 live workspaces" in text(operator.get(answer["Location"]))


def test_who_may_not_cascade_delete_reads_but_does_not_apply_reconcile(
    signed_in: Callable[[User], Client], bob: User, moved: str
) -> None:
    bob.user_permissions.add(Permission.objects.get(codename="import_org"))
    client = signed_in(bob)
    page = text(client.get(moved))
    assert "You may look, not apply." in page
    assert "Reconcile can be applied by alice." in page
    assert client.post(moved, {"mode": "reconcile", "confirm_removals": "8"}).status_code == 403
    assert len(live_names()) == 17


def test_a_viewer_may_not_apply(viewer: Client, moved: str) -> None:
    assert viewer.get(moved).status_code == 403
    assert viewer.post(moved, {"mode": "merge"}).status_code == 403


def test_a_stranger_finds_no_preview(stranger: Client, moved: str) -> None:
    assert stranger.get(moved).status_code == 404
    assert stranger.post(moved, {"mode": "merge"}).status_code == 404
    assert stranger.get(f"{moved}plan.json").status_code == 404


def test_the_plan_is_there_as_json(operator: Client, moved: str) -> None:
    plans = operator.get(f"{moved}plan.json").json()
    assert plans["merge"]["reconcile_removed_count"] == 0
    assert plans["reconcile"]["reconcile_removed_count"] == 8
    assert plans["reconcile"]["dry_run"] is True


def test_a_tree_that_equals_its_template_needs_nothing(
    operator: Client, live: Callable[..., Applied], preview: Preview
) -> None:
    live(BEFORE)
    page = text(operator.get(preview(BEFORE)))
    assert "All 9 template workspaces exist, and no other live workspace uses their names." in page
    assert page.count("disabled>Apply") == 2


def test_in_an_empty_organization_both_modes_are_one_plan(operator: Client, preview: Preview) -> None:
    page = text(operator.get(preview(BEFORE)))
    assert "Merge or reconcile" in page
    assert 'value="reconcile"' not in page


def test_a_reason_with_a_nul_is_taken_without_it(operator: Client, preview: Preview) -> None:
    operator.post(preview(BEFORE), {"mode": "merge", "reason": "a\0b"})
    assert ImportRun.objects.get().reason == "ab"


def test_an_unknown_mode_changes_nothing(operator: Client, preview: Preview) -> None:
    assert operator.post(preview(BEFORE), {"mode": "purge"}).status_code == 400
    assert not Workspace.objects.exists()


def many(count: int, **more: Tree) -> Tree:
    return {"Team": {f"W{number:04}": {} for number in range(count)}, **more}


def names(page: str) -> list[str]:
    """The names of the plan's rows on this page."""
    return re.findall(r'<tr id="w.*?<span class="ws-name"><bdi>(.*?)</bdi>', page)


@pytest.fixture
def long(live: Callable[..., Applied], preview: Preview) -> str:
    """601 workspaces are live twice, and the older ones go."""
    live({"Old": many(600), "New": many(600)})
    return preview({"Old": {}, "New": many(600)})


def test_very_many_unchanged_rows_are_left_out_and_counted(
    operator: Client, live: Callable[..., Applied], preview: Preview
) -> None:
    live(many(550))
    address = preview(many(550, New={}))
    page = text(operator.get(address))
    assert "551 unchanged workspaces are not shown" in page
    assert names(page) == ["New"]
    assert "W0001" in names(text(operator.get(f"{address}?show=all")))


def test_a_page_holds_no_more_rows_than_a_person_reads(operator: Client, long: str) -> None:
    page = text(operator.get(long))
    assert len(names(page)) == 500
    assert "Show the next 102 rows" in page
    assert "102 removals are further below" in page


def test_every_row_of_a_long_plan_is_on_one_of_its_pages(operator: Client, long: str) -> None:
    seen, address = set[str](), "?show=all"
    while address:
        page = text(operator.get(f"{long}{address}"))
        seen |= set(re.findall(r'<tr id="(w[0-9]+)"', page))
        following = re.search(r'href="([^"#]+)#plan" rel="next"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == 1204


def test_a_later_page_shows_what_its_first_row_stands_below(operator: Client, long: str) -> None:
    assert names(text(operator.get(f"{long}?show=all&p=2")))[:3] == ["Old", "Team", "W0498"]


def test_further_rows_come_alone_and_without_what_stands_above_them(operator: Client, long: str) -> None:
    part = text(operator.get(f"{long}?show=all&p=2", headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert names(part)[0] == "W0498"


def test_only_removals_can_be_asked_for(operator: Client, long: str) -> None:
    page = text(operator.get(f"{long}?show=removals"))
    assert len(re.findall(r'<tr id="w\d+" class="remove"', page)) == 499  # and the parent that stays
    assert "New" not in names(page)
    assert "102 removals are further below" in page


def test_find_looks_through_the_whole_plan_and_says_which_removals_it_leaves_out(operator: Client, long: str) -> None:
    page = text(operator.get(f"{long}?q=w0599"))
    assert names(page) == ["Old", "Team", "W0599", "New", "Team", "W0599"]
    assert "599 removals are not among them." in page


def test_a_link_leads_to_a_twin_on_another_page(operator: Client, long: str) -> None:
    page = text(operator.get(f"{long}?show=removals"))
    found = re.search(r'same name as <a href="(\?row=\d+)#(w\d+)">Team › W0300<', unmarked(page))
    assert found
    assert f'<tr id="{found[2]}"' in text(operator.get(f"{long}{found[1]}"))


def test_a_long_plan_asks_the_database_no_more_than_a_short_one(
    operator: Client, preview: Preview, long: str, django_assert_num_queries: Queries
) -> None:
    for address in (preview(many(3)), long):
        with django_assert_num_queries(12):
            operator.get(address)


def test_in_a_short_plan_the_server_filters_for_browsers_without_scripts(operator: Client, moved: str) -> None:
    page = text(operator.get(f"{moved}?show=changes&q=writer"))
    assert names(page)[-1] == "Technical Writer"
    assert "5 removals are not among them" in page  # its old place is shown with what it stands below


def test_applying_twice_removes_once(operator: Client, moved: str) -> None:
    first, second = (operator.post(moved, {"mode": "reconcile", "confirm_removals": "8"}) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert ImportRun.objects.filter(state="completed", removed_count=8).count() == 1


def test_what_the_guard_holds_back_takes_no_single_click(
    operator: Client, live: Callable[..., Applied], preview: Callable[[Tree], str]
) -> None:
    """Two of three are retired: few enough for a click, were it not most of what was live."""
    live({"PM": {}, "Dev": {}, "Ops": {}})
    address = preview({"PM": {}})
    page = text(operator.get(f"{address}?retire=1"))
    assert "needs the number" in page
    assert '<i aria-hidden="true">!</i>more than 50% of the 3 that are live now' in page
    assert 'data-want="2"' in page
    refused = operator.post(address, {"mode": "reconcile", "retire": "1", "confirm_removals": ""})
    assert refused.status_code == 400
    assert live_names() == ["Dev", "Ops", "PM"]
