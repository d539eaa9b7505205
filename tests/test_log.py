"""A refusal is one line of the log: no traceback for a client's fault, and one for ours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404
from django.test import Client

pytestmark = pytest.mark.once


@pytest.fixture
def log() -> Iterator[StringIO]:
    """The output of the site's own handler."""
    (handler,) = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
    text = StringIO()
    before = handler.setStream(text)
    yield text
    handler.setStream(before)  # type: ignore[arg-type]


@pytest.fixture
def bob_in(bob: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(bob)
    return client


def forbidden(client: Client) -> int:
    return client.get("/admin/import/").status_code


def nowhere(client: Client) -> int:
    return client.get("/admin/nowhere/").status_code


def strange_host(client: Client) -> int:
    return client.get("/admin/", headers={"Host": "evil.example"}).status_code


def without_csrf(client: Client) -> int:
    client.handler.enforce_csrf_checks = True
    return client.post("/admin/import/").status_code


def broken_form(client: Client) -> int:
    return client.generic("POST", "/admin/import/", b"x", "multipart/form-data; boundary=\xff").status_code


def too_many_fields(client: Client) -> int:
    return client.post("/admin/login/", {f"f{number}": "" for number in range(20_001)}).status_code


def too_much(client: Client) -> int:
    return client.post("/admin/login/", {"username": "x" * 30_000_000}).status_code


def too_many_files(client: Client) -> int:
    files = {f"f{number}": SimpleUploadedFile("a", b"a") for number in range(101)}
    return client.post("/admin/login/", files).status_code


def wrong_method(client: Client) -> int:
    return client.get("/admin/logout/").status_code


def odd_query(client: Client) -> int:
    return client.get("/admin/timeline/?p=%00").status_code


ASKED = [forbidden, nowhere, strange_host, without_csrf, broken_form, too_many_fields, too_much, too_many_files]


@pytest.mark.parametrize("ask", [*ASKED, wrong_method], ids=lambda ask: ask.__name__)
def test_what_a_client_does_wrong_is_no_traceback(bob_in: Client, log: StringIO, ask: Callable[[Client], int]) -> None:
    assert 400 <= ask(bob_in) < 500
    assert "Traceback" not in log.getvalue()
    assert log.getvalue().count("\n") <= 1, log.getvalue()


@pytest.mark.parametrize(
    "error",
    [PermissionDenied, Http404, SuspiciousOperation, BadRequest, RequestDataTooBig],
    ids=lambda each: each.__name__,
)
@pytest.mark.parametrize("path", ["/admin/runs/", "/workspaces"])
def test_whatever_is_raised_for_it(
    bob_in: Client, log: StringIO, monkeypatch: pytest.MonkeyPatch, error: type[Exception], path: str
) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise error("two\nlines")

    monkeypatch.setattr("workspaces.models.querysets.OrganizationQuerySet.visible_to", refuse)
    monkeypatch.setattr("workspaces.models.querysets.WorkspaceQuerySet.visible_to", refuse)
    assert 400 <= bob_in.get(path).status_code < 500
    assert "Traceback" not in log.getvalue()


def test_a_fault_of_ours_is_logged_in_full(bob_in: Client, log: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise LookupError("ours")

    monkeypatch.setattr("workspaces.models.querysets.OrganizationQuerySet.visible_to", fail)
    assert bob_in.get("/admin/runs/").status_code == 500
    assert "Traceback" in log.getvalue()
    assert "LookupError: ours" in log.getvalue()
