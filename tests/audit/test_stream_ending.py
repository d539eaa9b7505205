"""Who may no longer listen, who may hear more than before, and who does not read."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from lib.sessions import stored
from tests.audit.streams import People, ids, listening
from tests.sites import Site, running_site
from workspaces.access import SYSTEM
from workspaces.models import ApiToken, Membership, Organization
from workspaces.services.security.tokens import issue_api_token, revoke_api_tokens

SOON = 90  # seconds: the site looks at its listeners every second, on a machine that may be busy

Ending = Callable[[User], Any]


def revoke(user: User) -> None:
    revoke_api_tokens(ApiToken.objects.filter(user=user), actor=SYSTEM)


def expire(user: User) -> None:
    ApiToken.objects.filter(user=user).update(expires_at=timezone.now() - timedelta(seconds=1))


def disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def take_the_right(user: User) -> None:
    user.groups.clear()


@pytest.fixture
def somebody(people: People) -> Iterator[tuple[str, User]]:
    """A member of acme for one test, with a token."""

    def come() -> tuple[str, User]:
        user = User.objects.create_user("erin", password="erins secret", is_staff=True)
        user.groups.set(User.objects.get(username="bob").groups.all())
        Membership.objects.create(organization=Organization.objects.get(slug="acme"), user=user)
        return issue_api_token(user), user

    token, user = people.ask(come)
    yield token, user
    people.ask(lambda: User.objects.filter(pk=user.pk).delete())


@pytest.mark.parametrize("end", [revoke, expire, disable, take_the_right])
def test_who_has_lost_the_right_is_sent_away(
    site: Site, people: People, somebody: tuple[str, User], end: Ending
) -> None:
    token, user = somebody
    with listening(site, token) as stream, listening(site, people.tokens["bob"]) as other:
        stream.position()
        people.ask(end, user)
        assert stream.seconds_to_end() < SOON
        wanted = people.happen("workspace.online")
        assert ids(other.events(1)) == wanted
    with listening(site, token) as again:
        assert again.response.status in (401, 403)


@pytest.mark.parametrize("change", ["log out", "change the password", "expire"])
def test_a_session_that_has_ended_ends_its_streams(
    site: Site, people: People, somebody: tuple[str, User], change: str
) -> None:
    _, user = somebody
    key = people.session("erin")

    def end() -> None:
        rows = Session.objects.filter(session_key=stored(key))
        if change == "log out":
            rows.delete()
        elif change == "expire":
            rows.update(expire_date=timezone.now())
        else:
            user.set_password("another")
            user.save()

    with listening(site, session=key) as stream:
        stream.position()
        wanted = people.happen("workspace.online")
        assert ids(stream.events(1)) == wanted
        people.ask(end)
        assert stream.seconds_to_end() < SOON


def test_who_leaves_an_organization_hears_no_more_of_it(site: Site, people: People, somebody: tuple[str, User]) -> None:
    token, user = somebody
    with listening(site, token) as stream, listening(site, token, org="acme") as asked:
        stream.position()
        asked.position()
        people.ask(lambda: Membership.objects.filter(user=user).delete())
        assert asked.seconds_to_end() < SOON
        people.happen("workspace.online")
        assert stream.during(1.5) == []


def test_who_joins_an_organization_hears_of_it_without_connecting_again(
    site: Site, people: People, somebody: tuple[str, User]
) -> None:
    token, user = somebody
    with listening(site, token) as stream:
        stream.position()
        elsewhere = people.ask(lambda: Organization.objects.get(slug="elsewhere"))
        people.ask(lambda: Membership.objects.create(organization=elsewhere, user=user))
        stream.during(2)
        wanted = people.happen("workspace.online", organization="elsewhere")
        assert ids(stream.events(1)) == wanted


@pytest.mark.once
def test_who_does_not_read_holds_neither_memory_nor_others_up_and_loses_nothing(site: Site, people: People) -> None:
    """Two hundred megabytes: far more than the process keeps, and than a connection buffers."""
    token, wanted = people.tokens["bob"], []
    with listening(site, token, buffer=4_096) as slow, listening(site, token) as fast:
        slow.position()
        fast.position()
        before = site.memory()[0]
        for _ in range(40):
            wanted += people.happen(*["workspace.online"] * 100, payload={"why": "x" * 50_000})
        assert ids(fast.events(4_000)) == wanted
        assert site.memory()[0] - before < 150
        assert ids(slow.events(4_000)) == wanted


@pytest.mark.once
def test_a_site_that_ends_does_not_wait_for_who_does_not_read(site: Site, people: People, tmp_path: Path) -> None:
    with (
        running_site(tmp_path, site.database, ORGSITE_SHUTDOWN_GRACE="3600") as other,
        listening(other, people.tokens["bob"], buffer=4_096) as slow,
    ):
        slow.position()
        people.happen(*["workspace.online"] * 500, payload={"why": "x" * 50_000})
        time.sleep(1)
        start = time.monotonic()
        os.kill(other.process, signal.SIGTERM)
        os.waitid(os.P_PID, other.process, os.WEXITED | os.WNOWAIT)
        assert time.monotonic() - start < SOON


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite does not say who is connected")
def test_fifty_listeners_share_one_connection_to_the_database(site: Site, people: People) -> None:
    with ExitStack() as stack:
        for stream in [stack.enter_context(listening(site, people.tokens["bob"])) for _ in range(50)]:
            stream.position()
        # One that follows the table, one that may be looking at the listeners; now and then another one keeps house.
        wait_for(lambda: people.ask(connections) <= 2, "the listeners do not share a connection")
    wait_for(lambda: not people.ask(connections), "nobody listens, and the site still follows the table")


def wait_for(condition: Callable[[], bool], otherwise: str) -> None:
    due = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < due, otherwise
        time.sleep(0.1)


def connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])
