"""Sessions work as Django's do, and the table opens no door."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from lib.sessions import SessionStore


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_what_the_table_holds_is_no_cookie(browser: Client) -> None:
    assert browser.get("/admin/").status_code == 200
    browser.cookies["sessionid"] = Session.objects.get().session_key
    assert browser.get("/admin/").status_code == 302


def test_logging_out_takes_the_row_away(browser: Client) -> None:
    browser.post("/admin/logout/")
    assert not Session.objects.exists()


def test_a_session_is_changed_in_place_and_given_another_key_at_a_login(browser: Client) -> None:
    session = browser.session
    session["seen"] = 1
    session.save()
    assert browser.session["seen"] == 1
    before = session.session_key
    session.cycle_key()
    assert session.session_key != before
    assert Session.objects.count() == 1
    assert not SessionStore().exists(before)


@pytest.mark.django_db(transaction=True)
def test_the_same_without_blocking() -> None:
    async def live() -> tuple[str, dict[str, object], bool]:
        store = SessionStore()
        await store.aset("seen", 1)
        await store.asave()
        again = SessionStore(store.session_key)
        found = await again.aload()
        await again.adelete()
        return store.session_key or "", found, await again.aexists(store.session_key or "")

    key, found, there = async_to_sync(live)()
    assert key
    assert (found, there) == ({"seen": 1}, False)
