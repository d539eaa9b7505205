"""The data of removed workspaces on the pages: what waits, how large, until when, and its end by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client

from tests.admin.pages import named, text
from workspaces.access import Actor
from workspaces.admin.kept_data import kept_context
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.models import Container, Organization, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.editing import edit_workspace

KEPT, PURGE = "/admin/kept-data/", "/admin/kept-data/purge/"
GB = 1024**3
PAST = datetime(2020, 11, 1, 20, 25, tzinfo=UTC)
SUNDAY = datetime(2099, 12, 6, 20, 25, tzinfo=UTC)

Leave = Callable[..., None]


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"


@pytest.fixture
def leave(live: Callable[..., Applied], organization: Organization) -> Leave:
    """Make workspaces of these names, with a gigabyte each, and remove them."""

    def make(*names: str, data: DataPolicy = DataPolicy.WAIT, where: Organization = organization) -> None:
        live({name: {} for name in names}, where)
        rows = Container.objects.filter(workspace__name__in=names, workspace__organization=where)
        rows.update(volume_bytes=GB)
        ids = list(rows.values_list("pk", flat=True))
        cascade_delete(ids, actor=Actor(name="olga"), reason="TICKET-42", data=data)
        Container.objects.filter(purge_at__isnull=False).update(purge_at=SUNDAY)

    return make


def gone(name: str) -> Workspace:
    return Workspace.objects.get(name=name, status="removed")


def address(*names: str) -> str:
    return f"{PURGE}?{'&'.join(f'_selected_action={gone(name).pk}' for name in names)}"


def destroy(client: Client, *names: str, number: int | str, **more: Any) -> HttpResponse:
    sent = {"_selected_action": [gone(name).pk for name in names], "confirm": "1", "number": number}
    return client.post(PURGE, {**sent, **more})


def waiting() -> list[str]:
    return sorted(Container.objects.filter(purge_at__isnull=False).values_list("workspace__name", flat=True))


# ---- the list


def test_each_row_says_how_large_until_when_by_whom_and_by_which_run(viewer: Client, leave: Leave) -> None:
    leave("PM")
    page = text(viewer.get(KEPT))
    assert "Sun 6 Dec 2099 20:25" in page
    assert '<td class="ws-nowrap" data-l="Data">1.0 GB</td>' in page
    assert re.search(r"by olga, <a class=\"ws-link\" href=\"/admin/runs/[0-9a-f-]{36}/\">#\d+</a>", page)


def test_what_is_kept_for_good_comes_last_and_says_so(viewer: Client, leave: Leave) -> None:
    leave("Alpha", data=DataPolicy.KEEP)
    leave("Omega")
    page = text(viewer.get(KEPT))
    assert page.index("Omega</bdi>") < page.index("Alpha</bdi>")
    assert '<td class="ws-nowrap" data-l="Until">kept for good</td>' in page


def test_one_organization_can_be_chosen(root: Client, leave: Leave, elsewhere: Organization) -> None:
    leave("PM")
    leave("Theirs", where=elsewhere)
    assert text(root.get(KEPT)).count("</bdi>") == 2
    page = text(root.get(KEPT, {"org": "elsewhere"}))
    assert "of Elsewhere" in page
    assert "Theirs</bdi>" in page
    assert "PM</bdi>" not in page


def test_strangers_see_nothing_of_it(stranger: Client, leave: Leave) -> None:
    leave("PM")
    assert "Nothing waits to be destroyed" in text(stranger.get(KEPT))
    assert stranger.get(KEPT, {"org": "acme"}).status_code == 404
    assert stranger.get(address("PM")).status_code == 404
    assert destroy(stranger, "PM", number=1).status_code == 404


def test_long_lists_have_pages(viewer: Client, leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_context, "ROWS", 2)
    leave("A", "B", "C")
    assert text(viewer.get(KEPT)).count("</bdi>") == 2
    assert "Page 2 of 2, 3 in all" in text(viewer.get(KEPT, {"p": "2"}))


# ---- by hand


def test_the_confirmation_names_all_and_destroys_nothing(operator: Client, leave: Leave) -> None:
    leave("A", "B")
    page = text(operator.get(address("A", "B")))
    assert "Destroys the volumes of 2 workspaces now</b> (2.0 GB), in Acme" in page
    assert "they can come back, but empty" in page
    assert waiting() == ["A", "B"]


def test_the_typed_number_destroys_it_with_the_reason(operator: Client, leave: Leave) -> None:
    leave("A", "B")
    answer = destroy(operator, "A", number=1, reason="disk full")
    assert answer["Location"] == KEPT
    assert waiting() == ["B"]
    assert (gone("A").history.latest().history_actor, gone("A").history.latest().history_change_reason) == (
        "alice",
        "disk full",
    )
    assert "The data of 1 workspace is being destroyed." in text(operator.get(KEPT))


@pytest.mark.parametrize("number", ["", "1", "3", "two", "\0"])
def test_another_number_destroys_nothing(operator: Client, leave: Leave, number: str) -> None:
    leave("A", "B")
    answer = destroy(operator, "A", "B", number=number, reason="disk full")
    assert answer.status_code == 400
    assert "The number of workspaces is 2, not" in text(answer)
    assert 'value="disk full"' in text(answer)
    assert waiting() == ["A", "B"]


def test_data_that_is_kept_for_good_ends_the_same_way(operator: Client, leave: Leave) -> None:
    leave("A", data=DataPolicy.KEEP)
    destroy(operator, "A", number=1)
    assert not Container.objects.filter(keep_volumes=True).exists()


def test_what_came_back_meanwhile_stops_all(operator: Client, leave: Leave) -> None:
    leave("A", "B")
    Container.objects.filter(workspace__name="A").update(purge_at=None)
    answer = destroy(operator, "A", "B", number=2)
    assert (answer.status_code, waiting()) == (409, ["B"])
    assert "1 workspace of these came back, or lost the data meanwhile." in text(answer)
    assert "1 of the selected has no data any more" in text(answer)


def test_sent_twice_it_is_done_once(operator: Client, leave: Leave) -> None:
    leave("A")
    form = {"csrfmiddlewaretoken": "x" * 64}
    destroy(operator, "A", number=1, **form)
    page = text(operator.get(destroy(operator, "A", number=1, **form)["Location"]))
    assert "That was done already: The data of 1 workspace is being destroyed." in page
    assert gone("A").history.count() == 3


def test_only_who_may_cascade_delete_destroys(viewer: Client, bob: User, leave: Leave) -> None:
    leave("A")
    bob.user_permissions.add(Permission.objects.get(codename="import_org"))
    assert "Destroy the data" not in text(viewer.get(KEPT))
    assert viewer.get(address("A")).status_code == 403
    assert destroy(viewer, "A", number=1).status_code == 403
    assert waiting() == ["A"]


def test_nothing_chosen_leads_back_to_the_list(operator: Client) -> None:
    assert "Tick at least one." in text(operator.get(PURGE, follow=True))


def test_a_live_one_has_no_data_to_destroy(operator: Client, live: Callable[..., Applied]) -> None:
    live({"PM": {}})
    page = text(operator.get(f"{PURGE}?_selected_action={named('PM').pk}"))
    assert "No data is left to destroy." in page


def test_one_form_destroys_no_more_than_it_can_show(operator: Client) -> None:
    many = [str(gone) for gone in range(kept_context.MOST_AT_ONCE + 1)]
    assert operator.post(PURGE, {"_selected_action": many}).status_code == 404


# ---- where else it is said


def test_home_says_what_waits_how_large_until_when(viewer: Client, leave: Leave) -> None:
    leave("A", "B")
    leave("C", data=DataPolicy.KEEP)
    page = text(viewer.get("/admin/"))
    assert "<b>2.0 GB of 2 removed workspaces will be destroyed</b>, the first on <b>Sun 6 Dec 2099 20:25</b>." in page
    assert "1.0 GB of 1 removed workspace is kept for good." in page
    assert "Nothing waits for you." not in page


def test_home_names_the_organizations_with_the_nearest_deadlines(
    root: Client, leave: Leave, elsewhere: Organization
) -> None:
    leave("A")
    leave("B", where=elsewhere)
    sooner = SUNDAY.replace(day=4)
    Container.objects.filter(workspace__organization=elsewhere).update(purge_at=sooner)
    page = text(root.get("/admin/"))
    assert "the first on <b>Fri 4 Dec 2099 20:25</b>" in page
    assert page.index("Elsewhere</a> 1.0 GB on Fri 4 Dec 2099") < page.index("Acme</a> 1.0 GB on Sun 6 Dec 2099")


def test_home_says_since_when_a_worker_is_late(viewer: Client, leave: Leave) -> None:
    leave("A")
    Container.objects.update(purge_at=PAST)
    assert "will be destroyed</b>, the first since <b>Sun 1 Nov 2020 20:25</b>." in text(viewer.get("/admin/"))


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((None, None), "The data of 2 removed workspaces, not measured yet, will be destroyed"),
        ((GB, None), "1.0 GB of 2 removed workspaces, 1 of them not measured yet, will be destroyed"),
        ((0, 0), "The empty volumes of 2 removed workspaces will be destroyed"),
    ],
)
def test_volumes_that_were_not_measured_are_never_called_empty(
    viewer: Client, leave: Leave, sizes: tuple[int | None, ...], said: str
) -> None:
    leave("A", "B")
    for name, size in zip("AB", sizes, strict=True):
        Container.objects.filter(workspace__name=name).update(volume_bytes=size)
    assert said in text(viewer.get("/admin/"))


def test_the_organizations_page_says_its_own(root: Client, leave: Leave, organization: Organization) -> None:
    leave("A")
    page = text(root.get(f"/admin/workspaces/organization/{organization.pk}/change/"))
    assert "1.0 GB of 1 removed workspace will be destroyed</b>, the first on <b>Sun 6 Dec 2099 20:25</b>" in page
    assert 'href="/admin/kept-data/?org=acme"' in page


def test_without_containers_nobody_reads_of_data(
    viewer: Client, live: Callable[..., Applied], settings: Any, actor: Actor
) -> None:
    settings.ORGSITE_ENGINE = "none"
    live({"PM": {}})
    cascade_delete([named("PM").pk], actor=actor)
    assert "will be destroyed" not in text(viewer.get("/admin/"))
    assert "Nothing waits for you." in text(viewer.get("/admin/"))
    assert "Nothing waits to be destroyed" in text(viewer.get(KEPT))


# ---- the list of workspaces, and the page of one


def test_the_list_of_removed_ones_says_who_which_run_and_until_when(viewer: Client, leave: Leave) -> None:
    leave("PM")
    page = text(viewer.get("/admin/workspaces/workspace/", {"status": "removed"}))
    assert re.search(r"by olga, <a href=\"/admin/runs/[0-9a-f-]+/\">#\d+</a>; data: 1.0 GB, kept until Sun 6 Dec", page)


def test_the_page_of_a_removed_one_tells_all_of_it(operator: Client, leave: Leave) -> None:
    leave("PM")
    page = text(operator.get(f"/admin/workspaces/workspace/{gone('PM').pk}/change/"))
    assert re.search(r"by olga, <a class=\"ws-link\" href=\"/admin/runs/[0-9a-f-]+/\">run #\d+</a>", page)
    assert "<b>Can come back with its data until Sun 6 Dec 2099 20:25.</b>" in page
    assert "<dt>Data</dt><dd>1.0 GB, kept until Sun 6 Dec 2099 20:25" in page
    assert "<dt>Reason</dt><dd>TICKET-42</dd>" in page
    assert f'href="{PURGE}?_selected_action={gone("PM").pk}">Destroy it now' in page
    assert "Its place is free." in page


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"purge_at": PAST}, "Its data was kept until Sun 1 Nov 2020 20:25, and goes any moment."),
        ({"purge_at": None, "purged_at": SUNDAY}, "Data destroyed Sun 6 Dec 2099; it can come back empty."),
        ({"purge_at": None, "keep_volumes": True}, "Can come back with its data, which is kept for good."),
        ({"purge_at": None}, "Its data is being destroyed; it can come back empty."),
    ],
)
def test_it_says_with_what_it_can_come_back(viewer: Client, leave: Leave, columns: dict[str, Any], said: str) -> None:
    leave("PM")
    Container.objects.update(**columns)
    assert said in text(viewer.get(f"/admin/workspaces/workspace/{gone('PM').pk}/change/"))


def test_a_removed_record_has_no_data(
    viewer: Client, live: Callable[..., Applied], settings: Any, actor: Actor
) -> None:
    settings.ORGSITE_ENGINE = "none"
    live({"PM": {}})
    cascade_delete([named("PM").pk], actor=actor)
    page = text(viewer.get(f"/admin/workspaces/workspace/{gone('PM').pk}/change/"))
    assert "<b>Can come back.</b> <span>It had no container, so there is no data.</span>" in page
    assert "kept until" not in page


def test_it_says_what_went_with_it_and_who_has_its_place(
    viewer: Client, live: Callable[..., Applied], actor: Actor
) -> None:
    live({"PM": {"Lead": {"QA": {}}}})
    lead = named("Lead")
    cascade_delete([lead.pk], actor=actor)
    live({"PM": {"Lead": {}}})
    page = text(viewer.get(f"/admin/workspaces/workspace/{lead.pk}/change/"))
    assert "Went with it:" in page
    assert "<bdi>QA</bdi></a>." in page
    assert f'taken by <a class="ws-link" href="/admin/workspaces/workspace/{named("Lead").pk}/change/">' in page
    below = text(viewer.get(f"/admin/workspaces/workspace/{gone('QA').pk}/change/"))
    assert "<bdi>Lead</bdi></a>, is removed, too." in below


# ---- before anything is removed


@pytest.mark.parametrize(("grace", "said"), [(604_800, "keeps 2 volumes"), (0, "destroys 2 volumes (1.0 GB) at once")])
def test_a_cascade_says_what_becomes_of_the_data(
    operator: Client, live: Callable[..., Applied], settings: Any, grace: int, said: str
) -> None:
    settings.ORGSITE_DATA_GRACE = grace
    live({"PM": {}})
    Container.objects.update(volume_bytes=GB)
    page = text(operator.get(f"/admin/cascade-delete/?_selected_action={named('PM').pk}"))
    assert f"Stops 1 container and {said}" in page
    assert ("destroyed at once" in page) == (grace == 0)
    assert "cannot be undone" not in page


def test_without_containers_a_cascade_says_nothing_of_data(
    operator: Client, live: Callable[..., Applied], settings: Any
) -> None:
    settings.ORGSITE_ENGINE = "none"
    live({"PM": {}})
    page = text(operator.get(f"/admin/cascade-delete/?_selected_action={named('PM').pk}"))
    assert "<b>What is removed can come back.</b>" in page
    assert "destroy" not in page


def test_a_restored_one_has_its_badge_in_the_history(
    viewer: Client, live: Callable[..., Applied], actor: Actor
) -> None:
    live({"PM": {}})
    row = named("PM")
    cascade_delete([row.pk], actor=actor)
    Workspace.objects.update(status="online", removed_at=None)  # as a restore does
    edit_workspace(row, {"tier": 4}, actor=actor)
    page = text(viewer.get(f"/admin/workspaces/workspace/{row.pk}/history/"))
    assert [word for word in ("Restored", "Removed", "Created") if f"</i>{word}</span>" in page] == [
        "Restored",
        "Removed",
        "Created",
    ]
