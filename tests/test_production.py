"""The settings a production site runs with: nothing that Django's own check would change."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from orgsite.server.middleware import HEADERS
from tests.processes import ROOT
from workspaces.api.base_view import ApiView
from workspaces.api.error_answers import nowhere

KEY = "q7x-2Lw9_ZtR4mKc8Vb1Np5Hs6Jd3Fg0Ya-Ue_Io+Xz!Wq@Er#Ty"
SECURE = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in an environment that has of this site's variables only these."""
    rest = {key: value for key, value in os.environ.items() if not key.startswith(("ORGSITE_", "DJANGO_", "DATABASE_"))}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=rest | environment, capture_output=True, text=True, check=False)


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return python("manage.py", *arguments, **environment)


def setting(*names: str, **environment: str) -> list[str]:
    """The values of settings as a process with that environment has them."""
    shown = "; ".join(f"print(settings.{name})" for name in names)
    code = f"from orgsite.env import choose_settings; choose_settings(); from django.conf import settings; {shown}"
    return python("-c", code, ORGSITE_SECRET_KEY=KEY, **environment).stdout.split("\n")[:-1]


@pytest.mark.parametrize("how", [{"ORGSITE_HTTPS": "1"}, {"ORGSITE_URL": "https://orgs.example"}])
def test_the_check_for_deployment_finds_nothing(how: dict[str, str]) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", ORGSITE_SECRET_KEY=KEY, **how)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "no issues" in done.stdout


def test_without_https_the_check_says_what_is_missing() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", ORGSITE_SECRET_KEY=KEY)
    assert done.returncode == 1
    missing = ("security.W004", "security.W008", "security.W012", "security.W016")
    assert [warning for warning in missing if warning not in done.stderr] == []


def test_with_debug_off_and_no_key_nothing_starts() -> None:
    done = manage("check")
    assert done.returncode == 1
    assert "ORGSITE_SECRET_KEY" in done.stderr


def test_each_part_of_https_can_be_chosen_by_itself() -> None:
    assert setting(*SECURE) == ["False"] * 3
    assert setting(*SECURE, ORGSITE_HTTPS="1", ORGSITE_HTTPS_REDIRECT="0") == ["True", "True", "False"]
    assert setting(*SECURE, ORGSITE_SECURE_COOKIES="1") == ["True", "True", "False"]
    assert setting("SECURE_HSTS_SECONDS", ORGSITE_HTTPS="1", ORGSITE_HSTS_SECONDS="60") == ["60"]


def test_django_itself_believes_no_proxy() -> None:
    names = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT", "ORGSITE_TRUSTED_PROXIES")
    assert setting(*names) == ["None", "False", "False", "[]"]


@pytest.mark.parametrize("value", ["1", "0", "yes"])
def test_the_old_setting_for_proxies_stops_the_start_and_names_the_new_one(value: str) -> None:
    done = manage("check", ORGSITE_SECRET_KEY=KEY, ORGSITE_BEHIND_PROXY=value)
    assert done.returncode == 1
    assert "ORGSITE_BEHIND_PROXY is no longer read" in done.stderr
    assert "ORGSITE_TRUSTED_PROXIES" in done.stderr


@pytest.mark.once
@pytest.mark.django_db
def test_a_login_leaves_cookies_that_no_script_and_no_other_site_can_use(client: Client) -> None:
    User.objects.create_superuser("root", password="a secret of root")
    cookies = client.post("/admin/login/", {"username": "root", "password": "a secret of root"}).cookies
    assert set(cookies) == {"csrftoken", "sessionid"}
    for cookie in cookies.values():
        assert cookie["httponly"], cookie
        assert cookie["samesite"] == "Lax", cookie


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/login/", "/healthz", "/org/import", "/nowhere"])
def test_every_answer_carries_what_a_browser_must_know(client: Client, path: str) -> None:
    answer = client.get(path)
    wanted = {**HEADERS, "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff"}
    wanted["Cross-Origin-Opener-Policy"] = "same-origin"
    assert {name: answer.headers.get(name) for name in wanted} == wanted


def views(resolver: URLResolver | None = None) -> Iterator[Any]:
    """Every view that an address leads to."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern)
        elif isinstance(pattern, URLPattern):
            yield pattern.callback


def test_only_the_api_goes_without_djangos_csrf_check() -> None:
    exempt = {view for view in views() if getattr(view, "csrf_exempt", False)} - {nowhere}
    classes = [getattr(view, "cls", None) for view in exempt]
    assert classes
    assert all(isinstance(kind, type) and issubclass(kind, ApiView) for kind in classes), classes
