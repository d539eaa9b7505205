"""One shape for every error, and never a stack trace."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import DataError, InterfaceError, OperationalError
from django.test import Client, RequestFactory

from tests.api.conftest import Caller
from workspaces.api.error_answers import answer, server_error
from workspaces.errors import Interrupted

TEMPLATE = {"template": {"name": "Dev", "workspaces": [{"name": "PM"}]}, "org": "acme"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404), ("GET", "/workspaces/", 200), ("PUT", "/workspaces", 405), ("TRACE", "/events", 405),
        ("GET", "/org/import", 405), ("OPTIONS", "/workspaces", 405), ("DELETE", "/events", 405),
        ("BREW", "/docs", 405), ("GET", "/org", 404), ("GET", "/workspaces/a/b/c", 404), ("POST", "/healthz", 405),
    ],
)  # fmt: skip
def test_what_does_not_exist_answers_json(as_alice: Caller, method: str, path: str, status: int) -> None:
    result = as_alice.client.generic(method, path, headers=as_alice.headers)
    assert (result.status_code, result["Content-Type"]) == (status, "application/json")
    assert status == 200 or set(result.json()) == {"error", "errors"}


def test_a_method_that_does_not_exist_is_told_which_do(as_alice: Caller) -> None:
    result = as_alice.client.put("/workspaces", headers=as_alice.headers)
    assert result["Allow"] == "GET, HEAD, POST"


def test_answers_are_json_or_refused(as_alice: Caller) -> None:
    result = as_alice.client.get("/workspaces", headers={**as_alice.headers, "Accept": "text/html"})
    assert (result.status_code, set(result.json())) == (406, {"error", "errors"})


def test_the_admin_keeps_its_own_error_pages(client: Client) -> None:
    assert "html" in client.get("/static/nothing.css")["Content-Type"]


def test_a_host_nobody_serves_is_a_bad_request_in_json(client: Client) -> None:
    result = client.get("/workspaces", headers={"Host": "evil.example.org"})
    assert (result.status_code, result.json()) == (400, {"error": "Bad request.", "errors": []})


@pytest.mark.usefixtures("organization")
def test_what_nobody_expected_is_logged_and_answered_without_details(
    as_alice: Caller, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ORGSITE_REMOVAL_GUARD = None
    result = as_alice.post("/org/import", {**TEMPLATE, "dry_run": True})
    assert (result.status_code, result.json()["errors"]) == (500, [])
    assert b"Traceback" not in result.content
    assert b"NoneType" not in result.content
    assert any(record.exc_info and record.levelno == logging.ERROR for record in caplog.records)


def test_what_fails_outside_a_view_answers_json_too() -> None:
    result = server_error(RequestFactory().get("/workspaces"))
    assert (result.status_code, result["Content-Type"]) == (500, "application/json")


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("gone"), Interrupted("closed")])
def test_a_database_that_is_away_says_when_to_try_again(error: Exception) -> None:
    result = answer(error)
    assert (result.status_code, int(result["Retry-After"]) > 0) == (503, True)
    assert b"gone" not in result.content


def test_a_value_that_the_database_refuses_is_the_callers_mistake() -> None:
    assert answer(DataError("integer out of range")).status_code == 400
