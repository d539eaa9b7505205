"""`/admin/timeline/`: who sees what, and how it reads."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import StructureEvent
from tests.audit.events import (
    CREATED,
    FAILED,
    ONLINE,
    REMOVED,
    completed,
    event,
    key,
    reconciled,
    started,
    when,
    write,
)
from tests.trees import AFTER, BEFORE, loaded
from workspaces.access import Actor
from workspaces.admin.timeline import event_queries
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Membership, Organization, Workspace
from workspaces.services.imports.importing import apply_import

AT_2013 = {"day": "2026-05-12", "at": "20:13"}


@pytest.fixture
def story(organization: Organization) -> None:
    """At 20:13 a merge leaves 8 duplicates, at 20:31 a reconcile removes them; at 20:09 and 20:15 an agent comes."""
    made = [event(CREATED, "20:13:04", of=f"W{n}", run="merge", why="import") for n in range(8)]
    gone = [event(REMOVED, "20:31:06", of=f"V{n}", run="reconcile", why="same name as W") for n in range(8)]
    accident = completed(left_running=[str(key(f"V{n}")) for n in range(8)])
    write(event(ONLINE, "20:09:00", of="PM"), started(), *made, accident, event(ONLINE, "20:15:00", of="PM"))
    write(started("20:31:04", run="reconcile", mode="reconcile"), *gone, reconciled())


def links(response, text: str = "") -> list[str]:
    """The addresses of the page's links whose text begins so."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>([^<]*)', response.content.decode())
    return [address.replace("&amp;", "&") for address, label in found if label.startswith(text)]


# ---- who


def test_a_stranger_is_asked_to_log_in(client: Client) -> None:
    assert client.get("/admin/timeline/").status_code == 302


def test_a_member_without_the_permission_may_not_look(look, bob: User) -> None:
    assert look(bob).status_code == 403
    assert look(bob, format_="csv").status_code == 403


def test_everybody_sees_the_organizations_they_are_a_member_of(look, words, charlie: User, alice: User) -> None:
    write(event(REMOVED, of="Ours"), event(REMOVED, of="Theirs", organization="elsewhere"))
    assert "Ours" in words(look(alice))
    assert "Theirs" not in words(look(alice))
    assert "Theirs" in words(look(charlie))
    assert "Ours" not in words(look(charlie))


def test_what_belongs_to_others_answers_like_what_does_not_exist(look, words, charlie: User) -> None:
    hidden, missing = words(look(org="elsewhere")), words(look(org="elsewhare"))
    assert "There is no organization “elsewhere”." in hidden
    assert hidden.replace("elsewhere", "") == missing.replace("elsewhare", "")


def test_a_run_or_workspace_of_others_is_not_found_by_its_id(look, words, charlie: User) -> None:
    write(event(REMOVED, of="Theirs", run="theirs", organization="elsewhere"))
    assert "No events match." in words(look(workspace=str(key("Theirs"))))
    assert "No events match." in words(look(import_id=str(key("theirs"))))


def test_a_superuser_sees_all_and_organizations_that_are_gone(look, words, admin_user: User) -> None:
    write(event(REMOVED, of="Ours"), event(REMOVED, of="Lost", organization="no-more"))
    text = words(look(admin_user))
    assert "Ours" in text
    assert "Lost" in text


def test_somebody_without_an_organization_sees_nothing(look, words, alice: User, story: None) -> None:
    Membership.objects.filter(user=alice).delete()
    assert "No events yet." in words(look())


# ---- the answer


def test_the_answer_comes_first_and_leads_to_what_came_later(look, words, story: None) -> None:
    page = look(**AT_2013)
    assert "What happened at 20:13? alice applied merge of dev.yaml to Acme" in words(page)
    assert "8 duplicates were left running; they were removed at 20:31 by run" in words(page)
    assert links(page, "20:31") == ["#m-20260512-2031"]


def test_a_later_minute_beyond_the_window_is_a_link_of_its_own(look, story: None) -> None:
    assert "?day=2026-05-12&at=20:31&window=5&org=acme" in links(look(**AT_2013, window="5", org="acme"), "20:31")


def test_a_real_import_and_its_clean_up_are_told_alike(look, words, organization: Organization, actor: Actor) -> None:
    for tree, mode in ((BEFORE, Mode.MERGE), (AFTER, Mode.MERGE), (AFTER, Mode.RECONCILE)):
        run = apply_import(organization, loaded(tree), mode=mode, actor=actor).run
    minute = StructureEvent.objects.filter(event_type="org.import.completed").order_by("id")[1].created_at
    text = words(look(day=f"{minute:%Y-%m-%d}", at=f"{minute:%H:%M}"))
    assert "It created 8 workspaces, kept 1 and removed none. Live workspaces went from 9 to 17." in text
    assert (
        f"8 duplicates were left running; they were removed at {run.finished_at:%H:%M} by run {run.pk.hex[:8]}" in text
    )


def test_an_empty_minute_names_the_nearest_ones(look, words, story: None) -> None:
    page = look(day="2026-05-12", at="20:10")
    assert "Nothing happened at 20:10. Nearest: 20:09 and 20:13." in words(page)
    assert "?day=2026-05-12&at=20:09" in links(page, "20:09")


def test_an_empty_window_names_the_nearest_minutes_too(look, words, story: None) -> None:
    text = words(look(day="2026-05-12", at="20:22", window="5"))
    assert "Nothing happened at 20:22. Nearest: 20:15 and 20:31." in text
    assert "No events on 12 May 2026 from 20:20 to 20:25." in text


def test_the_answer_keeps_to_the_filters_but_for_the_type(look, words, story: None) -> None:
    assert "alice applied merge" in words(look(**AT_2013, type_="workspace.online"))
    assert "Nothing that these filters let through happened at 20:13." in words(look(**AT_2013, actor="bob"))


# ---- the rows


def test_rows_stand_by_minute_with_bursts_folded(look, words, story: None) -> None:
    page = look(**AT_2013)
    assert "20:1310 events" in words(page)
    assert "8 workspaces created 20:13:04: import" in words(page)
    assert "21 events, grouped by minute. Times are UTC." in words(page)


def test_a_completed_import_is_open_with_its_tiles(look, words, story: None) -> None:
    text = words(look(**AT_2013))
    assert "merge done: +8 =1 -0, 8 duplicates left running" in text
    for tile in ("created8", "kept1", "left running8", "live9 → 17", "duration42.1 s"):
        assert tile in text


def test_a_failed_import_shows_its_error(look, words) -> None:
    write(event(FAILED, run="merge", mode="merge", dir="dev.yaml", error="<b>too</b> much"))
    assert "merge of dev.yaml failed: <b>too</b> much" in words(look())


def test_names_lead_to_their_history_and_runs_to_their_page(look, organization: Organization, actor: Actor) -> None:
    run = apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor).run
    page = look()
    assert reverse("admin:workspaces_workspace_history", args=[Workspace.objects.get().pk]) in links(page, "PM")
    assert f"/admin/runs/{run.pk}/" in links(page, f"run {run.pk.hex[:8]}")


def test_a_row_says_where_the_workspace_hangs(look, words, organization: Organization, actor: Actor) -> None:
    apply_import(organization, loaded({"PM": {"Dev Lead": {"QA": {}}}}), mode=Mode.MERGE, actor=actor)
    text = words(look())
    assert "QA (PM › Dev Lead)" in text
    assert "Dev Lead (PM)" in text


def test_what_people_wrote_is_shown_and_never_run(look) -> None:
    write(event(REMOVED, of="<script>alert(1)</script>", actor="<i>bob", why="<img src=x>"))
    page = look().content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page


def test_the_page_has_no_style_or_script_of_its_own(look, story: None) -> None:
    page = look(**AT_2013).content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", page)


def test_without_parameters_the_latest_stand_first(look, story: None) -> None:
    page = look().content.decode()
    assert page.index("m-20260512-2031") < page.index("m-20260512-2013") < page.index("m-20260512-2009")


def test_times_are_told_in_the_sites_zone_with_the_offset_of_that_day(look, words, settings, story: None) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    text = words(look(day="2026-05-12", at="22:13"))
    assert "What happened at 22:13? alice applied merge" in text
    assert "removed at 22:31" in text
    assert "Times are Europe/Berlin (UTC+02:00)." in text


# ---- filters


def test_each_filter_lets_through_its_own(look, words, story: None) -> None:
    write(event(REMOVED, "20:40:00", of="Scratch", actor="bob"))
    assert "Scratch" in words(look(actor="bob"))
    assert "1 event," in words(look(workspace=str(key("Scratch"))))
    assert "10 events," in words(look(import_id=str(key("merge"))))
    assert "4 events," in words(look(type_="org.import.*"))
    assert "9 events," in words(look(type_="workspace.removed"))


def test_a_prefix_is_no_pattern(look, words) -> None:
    write(event("workspaceXremoved", of="A"), event(REMOVED, of="B"))
    assert "1 event," in words(look(type_="workspace.*"))


def test_active_filters_are_chips_that_can_be_removed(look, story: None) -> None:
    page = look(**AT_2013, org="acme", type_="org.import.*", actor="alice")
    removed = set(links(page, "&times;"))
    assert "?day=2026-05-12&at=20:13&type=org.import.*&actor=alice" in removed
    assert "?org=acme&type=org.import.*&actor=alice" in removed
    assert "?day=2026-05-12&at=20:13&org=acme&actor=alice" in removed
    assert "?day=2026-05-12&at=20:13&org=acme&type=org.import.*" in removed


def test_nonsense_is_answered_with_messages_and_looks_nothing_up(look, words, story: None) -> None:
    text = words(look(day="12.5.2026", at="8:13", import_id="142", workspace="x", org="nope"))
    assert "Nothing was looked up." in text
    assert text.count("Write the ") == 2
    assert "“142” is no run id" in text
    assert "merge" not in text


# ---- pages


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queries, "PAGE", 3)


def names(response) -> str:
    return "".join(re.findall(r">W(\d)<", response.content.decode()))


@pytest.fixture
def nine(small_pages: None) -> None:
    write(*(event(ONLINE, f"20:1{n}:00", of=f"W{n}") for n in range(9)))


def test_one_can_page_to_the_end_and_back(look, nine: None) -> None:
    def read(address: str):
        return look(**dict(pair.split("=") for pair in address.removeprefix("?").split("&")))

    first = look()
    second = read(links(first, "Older")[0])
    third = read(links(second, "Older")[0])
    assert [names(page) for page in (first, second, third)] == ["876", "543", "210"]
    assert not links(third, "Older")
    assert names(read(links(third, "← Newer")[0])) == "543"


def test_a_window_is_paged_oldest_first(look, nine: None) -> None:
    page = look(day="2026-05-12")
    assert names(page) == "012"
    assert "3 of 9 events" in page.content.decode()
    assert "after=" in links(page, "Newer")[0]


def test_a_page_always_shows_the_minute_that_is_asked_for(look, nine: None) -> None:
    assert names(look(day="2026-05-12", at="20:16", window="25")) == "678"
    assert names(look(day="2026-05-12", at="20:12", window="25", order="newest")) == "210"


def test_reading_beyond_the_last_event_says_so(look, words, nine: None) -> None:
    assert "No further events." in words(look(before="0"))


@pytest.mark.parametrize("parameters", [{}, AT_2013, {**AT_2013, "window": "1440"}, {"org": "acme"}])
def test_the_number_of_queries_does_not_depend_on_the_number_of_events(look, alice: User, parameters) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert look(**parameters).status_code == 200
        return len(captured)

    write(started(), *(event(CREATED, of=f"W{n}", run="merge") for n in range(8)), completed())
    with_ten = queries()
    write(*(event(CREATED, of=f"V{n}", run="other") for n in range(990)))
    assert queries() == with_ten


def test_no_query_counts_or_reads_the_whole_table(look, alice: User, story: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        look(**AT_2013)
    asked = [query["sql"] for query in captured if "structure_events" in query["sql"]]
    assert asked
    assert all("LIMIT" in sql or "created_at" in sql for sql in asked)


def test_a_long_day_is_one_strip_of_few_bars(look, organization: Organization) -> None:
    moments = [when("00:00") + timedelta(minutes=20 * n) for n in range(72)]
    write(*(event(ONLINE, f"{moment:%H:%M:%S}", of="PM") for moment in moments))
    page = look(day="2026-05-12").content.decode()
    assert page.count('class="ws-h10') == 72


def test_only_looking_is_allowed(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.post("/admin/timeline/").status_code == 405
