"""`GET /events/stream` of a running site."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connection

from audit import triggers
from audit.models import StructureEvent
from tests.audit.streams import People, Stream, ids, listening
from tests.hostile.wire import exchange, request
from tests.sites import Site, running_site


def test_events_come_in_order_with_all_their_facts(site: Site, people: People) -> None:
    with listening(site, people.tokens["bob"]) as stream:
        stream.position()
        wanted = people.happen("workspace.online", "workspace.removed", payload={"name": "PM\n– ”"})
        first, second = stream.events(2)
    bearer = [("Authorization", f"Bearer {people.tokens['bob']}")]
    listed = json.loads(exchange(site.url, request("GET", "/events?page_size=2", headers=bearer)).body)["results"]
    assert ids([first, second]) == wanted
    assert (first.event, second.event) == ("workspace.online", "workspace.removed")
    assert [second.row, first.row] == listed


def test_it_says_how_it_wants_to_be_treated(site: Site, people: People) -> None:
    with listening(site, people.tokens["bob"]) as stream:
        said = stream.response.headers
        assert (said["Content-Type"], said["Cache-Control"]) == ("text/event-stream", "no-store")
        assert (said["X-Accel-Buffering"], said["Content-Length"]) == ("no", None)
        first = stream.block()
    assert first
    assert first.retry == "3000"


def test_a_listener_hears_of_what_comes_and_not_of_what_was(site: Site, people: People) -> None:
    people.happen("workspace.online")
    with listening(site, people.tokens["bob"]) as stream:
        stream.position()
        wanted = people.happen("workspace.removed")
        assert ids(stream.events(1)) == wanted


def test_who_connects_again_has_missed_nothing(site: Site, people: People) -> None:
    with listening(site, people.tokens["bob"]) as stream:
        stream.position()
        people.happen("workspace.online")
        stream.events(1)
    missed = people.happen(*["workspace.removed"] * 1_200)
    with listening(site, people.tokens["bob"], after=stream.last_id) as again:
        found = again.events(1_200)
        live = people.happen("workspace.online")
        assert ids(found + again.events(1)) == missed + live


def test_who_heard_nothing_before_she_left_has_missed_nothing_either(site: Site, people: People) -> None:
    with listening(site, people.tokens["bob"]) as stream:
        stream.position()
    missed = people.happen("workspace.online", "workspace.removed")
    with listening(site, people.tokens["bob"], after=stream.last_id) as again:
        assert ids(again.events(2)) == missed


def test_the_place_may_stand_in_the_address_and_the_header_comes_first(site: Site, people: People) -> None:
    one, two = people.happen("workspace.online", "workspace.removed")
    with listening(site, people.tokens["bob"], last_event_id=str(one)) as stream:
        assert ids(stream.events(1)) == [two]
    with listening(site, people.tokens["bob"], after=one - 1, last_event_id=str(two)) as stream:
        assert ids(stream.events(2)) == [one, two]


@pytest.mark.parametrize("ahead", [9, 5_000, 2**62])
@pytest.mark.parametrize("place", ["after", "last_event_id"])
def test_a_place_ahead_of_every_event_is_said_and_what_comes_now_follows(
    site: Site, people: People, place: str, ahead: int
) -> None:
    (last,) = people.happen("workspace.online")
    with listening(site, people.tokens["bob"], **{place: str(last + ahead)}) as stream:
        said = reset(stream)
        assert said["last_event_id"] == last + ahead
        assert last <= said["newest_id"] == int(stream.last_id) < last + 9
        assert f"No event has the id {last + ahead} yet" in said["why"]
        wanted = people.happen("workspace.online", "workspace.removed")
        assert ids(stream.events(2)) == wanted
    with listening(site, people.tokens["bob"], after=last) as again:
        assert ids(again.events(2)) == wanted


def test_the_newest_event_is_not_ahead_for_a_process_that_has_not_read_it_yet(site: Site, people: People) -> None:
    with listening(site, people.tokens["alice"]) as reading:
        reading.position()
        for _ in range(10):
            (last,) = people.happen("workspace.online")
            with listening(site, people.tokens["bob"], after=last) as stream:
                assert stream.position() == last  # and no event: the first block that has data would end the test


def test_an_empty_place_is_none(site: Site, people: People) -> None:
    with listening(site, people.tokens["bob"], after="") as stream:
        stream.position()
        wanted = people.happen("workspace.online")
        assert ids(stream.events(1)) == wanted


def test_listeners_over_a_table_that_was_restored_are_sent_away_and_told(site: Site, people: People) -> None:
    (kept,) = people.happen("workspace.online")
    with listening(site, people.tokens["bob"]) as stream:
        stream.position()
        people.happen(*["workspace.online"] * 3)
        stream.events(3)
        people.ask(_restore, kept)
        stream.seconds_to_end()
    with listening(site, people.tokens["bob"], after=stream.last_id) as again:
        assert reset(again)["newest_id"] <= int(stream.last_id)
        wanted = people.happen("workspace.removed")
        assert ids(again.events(1)) == wanted


def _restore(kept: int) -> None:
    """The table as it was when its newest event was that one."""
    triggers.remove(connection)
    try:
        StructureEvent.objects.filter(pk__gt=kept).delete()
    finally:
        triggers.install(connection)


def reset(stream: Stream) -> dict[str, Any]:
    """What the first block with data says, which is no event."""
    (block,) = stream.events(1)
    assert block.event == "reset"
    return block.row


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "٣", "9" * 19, "9" * 5_000, "1 2"])
def test_an_odd_place_is_refused(site: Site, people: People, after: str) -> None:
    headers = [("Authorization", f"Bearer {people.tokens['bob']}"), ("Last-Event-ID", after.encode())]
    answer = exchange(site.url, request("GET", "/events/stream/", headers=headers))
    assert (answer.status, json.loads(answer.body)["errors"][0]["path"]) == (400, "Last-Event-ID")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"type": ""}, 400), ({"workspace": "5"}, 400), ({"since": "2026-01-01"}, 400), ({"last_event_id": "x"}, 400),
        ({"org": "nowhere"}, 404), ({"org": "elsewhere"}, 404), ({"typ": "a"}, 400),
        ({"type": "nothing.like.this"}, 400), ({"type": "foo.*"}, 400),
    ],
    ids=str,
)  # fmt: skip
def test_an_odd_filter_is_refused(site: Site, people: People, query: dict[str, str], status: int) -> None:
    with listening(site, people.tokens["bob"], **query) as stream:
        assert stream.response.status == status
        assert json.loads(stream.response.read())["error"]


def test_everybody_hears_of_her_own_organizations_alone(site: Site, people: People) -> None:
    with ExitStack() as stack:
        heard = {name: stack.enter_context(listening(site, people.tokens[name])) for name in ("alice", "bob", "root")}
        for stream in heard.values():
            stream.position()
        theirs, mine = people.happen("a", organization="elsewhere"), people.happen("b")
        nobodys, last = people.happen("c", organization=""), people.happen("d")
        assert ids(heard["bob"].events(2)) == mine + last
        assert ids(heard["alice"].events(3)) == theirs + mine + last
        told = [block for block in heard["root"].until(last[0]) if not block.event.startswith("security.")]
        assert ids(told) == theirs + mine + nobodys + last


def test_what_was_missed_is_of_her_own_organizations_alone(site: Site, people: People) -> None:
    start = people.happen("a", organization="elsewhere")[0]
    theirs, mine = people.happen("a", organization="elsewhere"), people.happen("b")
    with listening(site, people.tokens["bob"], after=start) as bob:
        assert ids(bob.events(1)) == mine
    with listening(site, people.tokens["charlie"], after=start) as charlie:
        assert ids(charlie.events(1)) == theirs


def test_filters_leave_out_live_and_missed_events_alike(site: Site, people: People) -> None:
    start = people.happen("a")[0]
    (missed, _) = people.happen("workspace.online", "org.import.started", actor="bob")
    with listening(site, people.tokens["alice"], after=start, type="workspace.*", actor="bob", org="acme") as stream:
        assert ids(stream.events(1)) == [missed]
        people.happen("workspace.online")
        people.happen("workspace.online", actor="bob", organization="elsewhere")
        (live,) = people.happen("workspace.removed", actor="bob")
        assert ids(stream.events(1)) == [live]


def test_without_credentials_or_the_right_nobody_listens(site: Site, people: People) -> None:
    for token, status in (("", 401), ("org_nonsense", 401), (people.tokens["dora"], 403)):
        with listening(site, token) as stream:
            assert stream.response.status == status
            assert stream.response.headers["Content-Type"] == "application/json"


def test_a_quiet_stream_gives_signs_of_life_that_move_its_place_on(site: Site, people: People) -> None:
    with listening(site, people.tokens["bob"], type="security.denied") as stream:
        stream.position()
        (last,) = people.happen("workspace.online")
        assert stream.during(2.5) == []
        assert int(stream.last_id) == last


def test_beyond_the_limit_nobody_more_is_let_in(site: Site, people: People) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(listening(site, people.tokens["bob"])) for _ in range(62)]
        full = [stream for stream in streams if stream.response.status == 503]
        assert 1 <= len(full) <= 2 + 8
        assert full[0].response.headers["Retry-After"]


def test_a_site_that_ends_ends_its_streams(
    site: Site, people: People, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ending")
    with ExitStack() as stack:
        with running_site(folder, site.database) as other:
            streams = [stack.enter_context(listening(other, people.tokens["bob"])) for _ in range(5)]
            for stream in streams:
                stream.position()
        assert max(stream.seconds_to_end() for stream in streams) < 30
        assert "timeout" not in other.said()
