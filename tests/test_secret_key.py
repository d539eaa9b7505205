"""A new secret key ends nothing at once that an earlier one still vouches for."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.test import Client

from lib.sessions import signed_in
from tests.test_production import KEY, manage, setting

pytestmark = pytest.mark.once

OLD, NEW = "an old key that was good for years", "a new key that nobody knows yet"


@pytest.fixture
def browser(alice: User, settings: Any) -> Client:
    """Signed in under the old key, which is then replaced."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    settings.SECRET_KEY = NEW
    return client


def test_without_a_fallback_all_sessions_end(browser: Client) -> None:
    assert browser.get("/admin/").status_code == 302


def test_with_the_old_key_as_a_fallback_they_go_on(browser: Client, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [OLD]
    assert browser.get("/admin/").status_code == 200


def test_a_session_that_was_used_meanwhile_outlives_the_fallback(browser: Client, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [OLD]
    browser.get("/admin/")
    settings.SECRET_KEY_FALLBACKS = []
    assert browser.get("/admin/").status_code == 200


@pytest.mark.parametrize("fallbacks", [[OLD], [NEW + "2", OLD], []])
def test_streams_see_the_same(browser: Client, alice: User, settings: Any, fallbacks: list[str]) -> None:
    settings.SECRET_KEY_FALLBACKS = fallbacks
    key = browser.cookies["sessionid"].value
    assert signed_in([key]) == ({key: alice.pk} if OLD in fallbacks else {})


def test_forms_and_links_for_a_forgotten_password_made_before_still_work(
    alice: User, settings: Any, client: Client
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    link = default_token_generator.make_token(alice)
    client = Client(enforce_csrf_checks=True)
    client.get("/admin/login/")
    form = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "username": "alice", "password": "alice-secret"}
    settings.SECRET_KEY = NEW
    assert not default_token_generator.check_token(alice, link)
    settings.SECRET_KEY_FALLBACKS = [OLD]
    assert default_token_generator.check_token(alice, link)
    assert client.post("/admin/login/?next=/admin/", form).status_code == 302


def test_a_changed_password_ends_sessions_of_every_key(browser: Client, alice: User, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [OLD]
    alice.set_password("another-secret")
    alice.save()
    assert signed_in([browser.cookies["sessionid"].value]) == {}
    assert browser.get("/admin/").status_code == 302


def test_the_setting_takes_several_keys() -> None:
    assert setting("SECRET_KEY_FALLBACKS") == ["[]"]
    several = setting("SECRET_KEY_FALLBACKS", ORGSITE_SECRET_KEY_FALLBACKS=f" {OLD} ,{NEW},")
    assert several == [str([OLD, NEW])]


def test_the_check_for_deployment_finds_a_fallback_that_is_too_short() -> None:
    given = {"ORGSITE_SECRET_KEY": KEY, "ORGSITE_SECRET_KEY_FALLBACKS": "short", "ORGSITE_HTTPS": "1"}
    assert "SECRET_KEY_FALLBACKS" in manage("check", "--deploy", "--fail-level", "WARNING", **given).stderr
