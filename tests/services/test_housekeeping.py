"""Housekeeping deletes rows whose time is over: all of them in time, a bounded number at once, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.trees import loaded
from workspaces.models import Counter, ImportPreview, Organization, PreviewFiles
from workspaces.services import expiry
from workspaces.services.imports.previews import store_preview
from workspaces.services.security.rate_limits import forget_counters
from workspaces.services.upkeep.housekeeping import forget_expired_previews, forget_expired_sessions, keep_house

pytestmark = pytest.mark.django_db

Making = Callable[[int, timedelta], None]


@pytest.fixture
def sessions(db: None) -> Making:
    def make(number: int, age: timedelta) -> None:
        past = timezone.now() - age
        rows = [Session(session_key=f"{age}-{n}"[:40], session_data="x", expire_date=past) for n in range(number)]
        Session.objects.bulk_create(rows)

    return make


@pytest.fixture
def counters(db: None) -> Making:
    def make(number: int, age: timedelta) -> None:
        past = timezone.now() - age
        Counter.objects.bulk_create(Counter(key=f"{age}-{n}", count=1, ends_at=past) for n in range(number))

    return make


@pytest.fixture
def previews(organization: Organization, alice: User) -> Making:
    def make(number: int, age: timedelta) -> None:
        for _ in range(number):
            kept = store_preview(organization, loaded({"PM": {}}), user=alice)
            ImportPreview.objects.filter(pk=kept.pk).update(expires_at=timezone.now() - age)

    return make


KINDS: list[tuple[str, Any, Callable[[], int]]] = [
    ("sessions", Session, forget_expired_sessions),
    ("counters", Counter, forget_counters),
    ("previews", ImportPreview, forget_expired_previews),
]
PAST, FUTURE = timedelta(seconds=5), -timedelta(hours=1)


@pytest.fixture(params=KINDS, ids=[name for name, *_ in KINDS])
def kind(request: pytest.FixtureRequest) -> tuple[Making, Any, Callable[[], int]]:
    name, model, forget = request.param
    return request.getfixturevalue(name), model, forget


def test_what_is_over_goes_and_the_rest_stays(kind: tuple[Making, Any, Callable[[], int]]) -> None:
    make, model, forget = kind
    make(3, PAST)
    make(2, FUTURE)
    assert (forget(), model.objects.count(), forget()) == (3, 2, 0)


def test_a_round_deletes_a_bounded_number(
    kind: tuple[Making, Any, Callable[[], int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, model, forget = kind
    monkeypatch.setattr(expiry, "BATCH", 2)
    monkeypatch.setattr(expiry, "MOST", 2)
    make(7, PAST)
    assert [forget() for _ in range(3)] == [4, 3, 0]
    assert not model.objects.exists()


def test_the_statements_of_a_batch_do_not_grow_with_its_rows(sessions: Making) -> None:
    sessions(500, PAST)
    with CaptureQueriesContext(connection) as queries:
        assert forget_expired_sessions() == 500
    assert len(queries) == 3  # which, delete, no more


def test_nothing_to_forget_takes_a_look_alone(
    kind: tuple[Making, Any, Callable[[], int]], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert kind[2]() == 0


def test_what_hangs_on_a_preview_goes_with_it(previews: Making) -> None:
    previews(1, PAST)
    forget_expired_previews()
    assert not PreviewFiles.objects.exists()


def test_a_round_of_housekeeping_ends_the_sessions_that_are_over(make_user: Any, organization: Organization) -> None:
    users = [make_user(name, "Viewer", organization) for name in ("bob", "erin")]
    clients = [Client(), Client()]
    for client, user in zip(clients, users, strict=True):
        client.force_login(user)
    Session.objects.filter(pk=Session.objects.first().pk).update(expire_date=timezone.now() - PAST)  # type: ignore[union-attr]
    keep_house()
    assert Session.objects.count() == 1
    assert sorted(client.get("/admin/").status_code for client in clients) == [200, 302]
