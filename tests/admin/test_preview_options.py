"""What the plans of a preview may do: boxes in the cards, kept in the address, and applied exactly as shown."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.test import Client

from tests.admin.pages import live_names, named, text
from tests.trees import AFTER, BEFORE, Tree
from workspaces.access import Actor
from workspaces.core.template import Node
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.workspace.adding import create_workspace

Preview = Callable[[Tree], str]
Live = Callable[..., Applied]
RETIRE = {"options": "1", "moves": "1", "updates": "1", "retire": "1"}


def box(page: str, name: str) -> str:
    """The option of that name, as its label stands on the page."""
    found = re.search(rf'<label[^>]*><input type="checkbox" name="{name}".*?</label>', page)
    assert found, f"no box {name}"
    return found[0]


def hidden(page: str, mode: str) -> set[str]:
    """The options in the form that applies this mode."""
    form = next(each for each in re.findall(r"<form.*?</form>", page) if f'name="mode" value="{mode}"' in each)
    return set(re.findall(r'<input type="hidden" name="(\w+)" value="\w+">', form)) - {"mode", "csrfmiddlewaretoken"}


def test_each_option_tells_how_many_rows_it_touches(operator: Client, live: Live, preview: Preview) -> None:
    live(BEFORE)
    page = text(operator.get(preview(AFTER)))
    assert "checked" in box(page, "moves")
    assert "(2)" in box(page, "moves")
    assert "checked" not in box(page, "merge_moves")
    assert "(2)" in box(page, "merge_moves")
    assert "disabled" in box(page, "retire")


def test_the_address_holds_the_options_and_so_does_every_link(operator: Client, live: Live, preview: Preview) -> None:
    live(BEFORE)
    page = text(operator.get(f"{preview(AFTER)}?options=1&updates=1"))
    assert "checked" not in box(page, "moves")
    assert "Creates 8, removes 8." in page
    assert 'href="?options=1&amp;updates=1&amp;show=removals#plan"' in page
    assert hidden(page, "reconcile") == {"options", "updates"}


def test_apply_does_what_was_shown(operator: Client, live: Live, preview: Preview) -> None:
    live(BEFORE)
    ids = set(Workspace.objects.values_list("pk", flat=True))
    operator.post(preview(AFTER), {"mode": "merge", "options": "1", "merge_moves": "1"})
    run = ImportRun.objects.get(moved_count=2)
    assert (run.mode, run.created_count, run.removed_count) == ("merge", 0, 0)
    assert set(Workspace.objects.live().values_list("pk", flat=True)) == ids


def test_without_options_each_mode_does_what_it_does_by_default(operator: Client, live: Live, preview: Preview) -> None:
    live(BEFORE)
    operator.post(preview(AFTER), {"mode": "reconcile", "confirm_removals": "0"})
    run = ImportRun.objects.get(mode="reconcile")
    assert (run.created_count, run.moved_count, run.removed_count) == (0, 2, 0)


def test_options_that_exclude_each_other_are_a_sentence(operator: Client, live: Live, preview: Preview) -> None:
    live(BEFORE)
    address = preview(AFTER)
    for query, words in (
        ("options=1&prefer=oldest", "not with moves: false"),
        ("options=1&overwrite=1", "not with updates: false"),
        ("prefer=youngest", "prefer: place or oldest, not “youngest”."),
    ):
        answer = operator.get(f"{address}?{query}")
        assert answer.status_code == 400
        assert words in text(answer)
    assert operator.get(f"{address}plan.json?prefer=youngest").status_code == 400


def test_options_that_exclude_each_other_apply_nothing(operator: Client, live: Live, preview: Preview) -> None:
    live(BEFORE)
    answer = operator.post(preview(AFTER), {"mode": "reconcile", "options": "1", "overwrite": "1"})
    assert answer.status_code == 400
    assert ImportRun.objects.count() == 1


def test_the_plan_as_json_has_the_options_of_the_page(operator: Client, live: Live, preview: Preview) -> None:
    live(BEFORE)
    plans = operator.get(f"{preview(AFTER)}plan.json?options=1&merge_moves=1").json()
    assert (plans["merge"]["moved_count"], plans["reconcile"]["moved_count"]) == (2, 0)


def test_what_merge_leaves_elsewhere_is_told(operator: Client, live: Live, preview: Preview) -> None:
    live(BEFORE)
    page = text(operator.get(preview(AFTER)))
    assert "Creates 8, removes nothing.</b> 2 live elsewhere: reconcile would move them." in page
    assert "<b>Moves 2, removes nothing.</b>" in page


# ---- retire, and what no plan touches


def test_retire_removes_what_the_template_no_longer_declares(operator: Client, live: Live, preview: Preview) -> None:
    live({"PM": {}, "Ann": {}, "Ben": {}, "Cleo": {}})
    address = preview({"PM": {}, "Ann": {}, "Ben": {}})
    page = text(operator.get(f"{address}?retire=1"))
    assert "no longer declared by <bdi>Dev team</bdi>" in page
    assert "Remove 1 workspace" in page
    operator.post(address, {"mode": "reconcile", **RETIRE, "confirm_removals": "1"})
    assert live_names() == ["Ann", "Ben", "PM"]


def test_what_no_plan_touches_is_listed_with_its_reason(
    operator: Client, live: Live, preview: Preview, organization: Organization, actor: Actor
) -> None:
    live({"PM": {}, "Ann": {}, "Ben": {}})
    create_workspace(organization, Node(name="Dan", path=""), parent_id=None, actor=actor)
    Workspace.objects.filter(name="Ben").update(template="Sales")
    page = text(operator.get(f"{preview({'PM': {}})}?show=untouched"))
    assert "no longer declared by <bdi>Dev team</bdi>" in page
    assert "made by hand" in page
    assert "declared by <bdi>Sales</bdi>" in page
    assert "retire would remove it" in page


def test_names_are_foreign_text(operator: Client, live: Live, preview: Preview) -> None:
    live({"<b>x</b>": {"Kim": {}}, "B": {}})
    page = text(operator.get(preview({"<b>x</b>": {}, "B": {"Kim": {}}})))
    assert "<bdi>&lt;b&gt;x&lt;/b&gt;</bdi> › <bdi>Kim</bdi></span></a>" in page
    assert "<b>x</b>" not in page


def test_a_moved_one_and_its_old_place_lead_to_each_other(operator: Client, live: Live, preview: Preview) -> None:
    live({"A": {"Kim": {"Lee": {}}}, "B": {}})
    page = text(operator.get(preview({"A": {}, "B": {"Kim": {}}})))
    there, here = re.findall(r'<tr id="(w\d+)" class="(?:ghost|move)"', page)
    assert f'goes to <a href="#{here}">' in page
    assert ", 1 below comes along" in page
    assert f'from <a href="#{there}">' in page
    assert "no longer declared by <bdi>Dev team</bdi>, comes along with <bdi>Kim</bdi>" in page
    assert named("Kim").parent == named("A")
