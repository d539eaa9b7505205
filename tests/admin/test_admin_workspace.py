"""One workspace: its page, changing it, adding one, its history."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests.admin.pages import LIST, live_names, named, text
from tests.zips import loaded_zip
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Workspace
from workspaces.models.querysets import OrganizationQuerySet
from workspaces.services.imports.importing import Applied, apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.editing import edit_workspace

ADD = f"{LIST}add/"
NEW = {"organization": "acme", "name": "Writer", "tier": "3"}


@pytest.fixture
def lead(live: Callable[..., Applied]) -> Workspace:
    live({"PM": {"Lead": {"QA": {}}}})
    return named("Lead")


def change(workspace: Workspace) -> str:
    return f"{LIST}{workspace.pk}/change/"


def test_its_page_says_where_it_stands_and_what_hangs_on_it(viewer: Client, lead: Workspace) -> None:
    page = text(viewer.get(change(lead)))
    assert "under PM" in page
    assert "1 live workspace directly below" in page
    assert "0 usable, 0 revoked" in page


def test_its_page_lists_the_files_it_came_with(viewer: Client, organization: Organization, actor: Actor) -> None:
    files = {"org.yaml": "name: x\nworkspaces: [{name: PM, files_dir: pm}]", "pm/<b>.md": "x" * 2_048}
    apply_import(organization, loaded_zip(files), mode=Mode.MERGE, actor=actor)
    page = text(viewer.get(change(named("PM"))))
    assert "1 file for its config volume" in page
    assert '<th scope="row" class="ws-mono">&lt;b&gt;.md</th><td class="ws-nowrap">2.0 KB</td>' in page


def test_protection_role_and_tier_can_be_changed_with_a_reason(operator: Client, lead: Workspace) -> None:
    sent = {"protected": "on", "role": "leads", "tier": "4", "reason": "on leave"}
    operator.post(change(lead), sent)
    lead.refresh_from_db()
    version = lead.history.latest()
    assert (lead.protected, lead.role, lead.tier) == (True, "leads", 4)
    assert (version.history_actor, version.history_change_reason) == ("alice", "on leave")


def test_nothing_else_can_be_changed(operator: Client, lead: Workspace) -> None:
    operator.post(change(lead), {"tier": "2", "name": "Boss", "status": "removed", "parent": ""})
    lead.refresh_from_db()
    assert (lead.name, lead.status, lead.parent_id) == ("Lead", "online", named("PM").pk)


def test_a_viewer_changes_nothing(viewer: Client, lead: Workspace) -> None:
    assert viewer.post(change(lead), {"protected": "on", "tier": "2"}).status_code == 403
    assert not named("Lead").protected


@pytest.mark.parametrize(("protected", "said"), [(True, "Never removed: not by a reconcile"), (False, "None.")])
def test_those_who_change_nothing_read_of_its_protection_in_a_sentence(
    viewer: Client, lead: Workspace, actor: Actor, protected: bool, said: str
) -> None:
    edit_workspace(lead, {"protected": protected}, actor=actor)
    page = text(viewer.get(change(lead)))
    assert page.count("Never removed") == protected
    assert said in page
    assert "icon-no" not in page


def test_a_removed_one_is_only_looked_at(operator: Client, lead: Workspace, actor: Actor) -> None:
    cascade_delete([lead.pk], actor=actor)
    page = text(operator.get(change(lead)))
    assert "Nothing can be edited while it is removed." in page
    assert 'name="_save"' not in page
    assert operator.post(change(lead), {"tier": "4"}).status_code == 403


def test_one_removed_meanwhile_is_a_message_not_a_crash(
    operator: Client, lead: Workspace, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The removal comes between the form's permission check and the service's lock."""

    def lock_after_removal(ids: list[int]) -> object:
        monkeypatch.undo()
        cascade_delete([lead.pk], actor=actor)
        return Organization.objects.lock(ids)

    monkeypatch.setattr(OrganizationQuerySet, "lock", lambda _, ids: lock_after_removal(ids))
    answer = operator.post(change(lead), {"tier": "4"}, follow=True)
    assert "This workspace is removed; nothing of it can be changed." in text(answer)


def test_a_stranger_finds_no_page_of_it(stranger: Client, lead: Workspace) -> None:
    version = lead.history.latest().pk
    for address in (change(lead), f"{LIST}{lead.pk}/history/", f"{LIST}{lead.pk}/history/{version}/"):
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, {"tier": "4"}).status_code == 404


@pytest.mark.parametrize("key", ["nonsense", "0", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_id_does_not_exist(operator: Client, key: str) -> None:
    assert operator.get(f"{LIST}{key}/change/").status_code == 404
    assert operator.get(f"{LIST}{key}/history/").status_code == 404


def test_one_is_added_by_hand_below_a_path(operator: Client, lead: Workspace) -> None:
    answer = operator.post(ADD, {**NEW, "parent": "PM › Lead", "reason": "helps out"})
    writer = named("Writer")
    assert answer["Location"] == change(writer)
    assert (writer.parent, writer.tier) == (lead, 3)
    assert writer.history.get().history_change_reason == "helps out"


def test_one_is_added_below_an_id_or_at_the_top(operator: Client, lead: Workspace) -> None:
    operator.post(ADD, {**NEW, "parent": str(lead.pk)})
    operator.post(ADD, {**NEW, "name": "Top"})
    assert named("Writer").parent == lead
    assert named("Top").parent is None


def test_a_name_that_is_taken_is_said_beside_the_field(operator: Client, lead: Workspace) -> None:
    answer = operator.post(ADD, {**NEW, "name": " Lead ", "parent": "PM"})
    assert answer.status_code == 409
    assert "stands there already" in text(answer)
    assert live_names() == ["Lead", "PM", "QA"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "a\u202eb"), ("name", ""), ("tier", "9"), ("parent", "PM › Nobody"), ("organization", "elsewhere")],
)
def test_what_makes_no_sense_adds_nothing(
    operator: Client, lead: Workspace, elsewhere: Organization, field: str, value: str
) -> None:
    answer = operator.post(ADD, {**NEW, field: value})
    assert answer.status_code == 400
    assert 'class="errorlist"' in text(answer)
    assert len(live_names()) == 3


def test_a_viewer_adds_nothing(viewer: Client) -> None:
    assert viewer.get(ADD).status_code == 403


def test_the_history_says_what_who_why_and_which_run(viewer: Client, live: Callable[..., Applied]) -> None:
    run = live({"PM": {}}).run
    edit_workspace(named("PM"), {"tier": 4}, actor=Actor(name="sam"), reason="grown up")
    page = text(viewer.get(f"{LIST}{named('PM').pk}/history/"))
    assert "2 versions" in page
    assert "by <b>sam</b>: grown up" in page
    assert '<th scope="row">tier</th><td class="a">2</td><td class="b">4</td>' in page
    assert f"/admin/runs/{run.pk}/" in page


def test_a_version_shows_its_values_and_reverts_nothing(operator: Client, lead: Workspace, actor: Actor) -> None:
    first = lead.history.earliest().pk
    edit_workspace(lead, {"tier": 4}, actor=actor)
    address = f"{LIST}{lead.pk}/history/{first}/"
    assert '<th scope="row">tier</th><td>2</td>' in text(operator.get(address))
    assert operator.post(address, {"tier": "2", "_save": "Revert"}).status_code == 405
    assert named("Lead").tier == 4


def test_a_version_of_another_workspace_does_not_exist(operator: Client, lead: Workspace) -> None:
    other = named("PM").history.latest().pk
    assert operator.get(f"{LIST}{lead.pk}/history/{other}/").status_code == 404
    assert operator.get(f"{LIST}{lead.pk}/history/x/").status_code == 404
