"""Every answer says what a browser may load and run: files of this site, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from orgsite.server.middleware import POLICY

pytestmark = pytest.mark.once

NOWHERE = str(UUID(int=0))


def addresses(patterns: Any = None, before: str = "/") -> Iterator[str]:
    """One address for every route there is."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = re.sub(r"<(?:\w+:)?\w+>", NOWHERE, str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, before + route)
        elif isinstance(pattern, URLPattern) and "(?" not in route:
            yield before + route


@pytest.fixture
def root(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_every_address_of_the_site_answers_with_the_policy(root: Client) -> None:
    found = list(addresses())
    assert len(found) > 80
    for address in sorted(found, key=lambda each: "logout" in each):
        answer = root.get(address)
        assert answer.headers.get("Content-Security-Policy") == POLICY, address
        assert answer.headers.get("Referrer-Policy") == "same-origin", address


@pytest.mark.parametrize("address", ["/admin/login/", "/nowhere", "/admin/nowhere/", "/static/workspaces/admin.css"])
def test_so_do_files_refusals_and_what_does_not_exist(client: Client, db: None, address: str) -> None:
    answer = client.get(address)
    assert answer.headers["Content-Security-Policy"] == POLICY
    answer.close()


def test_what_no_view_sees_has_it_too(client: Client) -> None:
    refused = client.post("/org/import", b"", content_type="application/json", headers={"Content-Length": "9" * 12})
    assert refused.status_code == 413
    assert refused.headers["Content-Security-Policy"] == POLICY


def test_the_policy_lets_nothing_run_that_is_written_into_a_page() -> None:
    assert "unsafe" not in POLICY
    assert "default-src 'none'" in POLICY


def test_the_description_of_the_api_has_no_script_or_style_of_its_own(root: Client) -> None:
    page = root.get("/docs").content.decode()
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)", page)
    started = root.get("/docs?script=")
    assert started.headers["Content-Type"].startswith("application/javascript")
