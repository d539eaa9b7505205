"""What no view may answer is refused with a page for people and with JSON for programs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.db import OperationalError
from django.test import Client

from orgsite.server.asgi_layers import BoundedBody


@pytest.fixture
def as_alice(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def ask(path: str, *, declared: int | None, chunks: int) -> tuple[int, str, bytes]:
    """Status, content type and body of the site's answer to `chunks` mebibytes."""

    async def converse() -> list[dict[str, Any]]:
        headers = [] if declared is None else [(b"content-length", str(declared).encode())]
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        talk = ApplicationCommunicator(BoundedBody(get_asgi_application()), scope)
        for index in range(chunks):
            await talk.send_input({"type": "http.request", "body": b"x" * 2**20, "more_body": index < chunks - 1})
        return [await talk.receive_output(timeout=60), await talk.receive_output(timeout=60)]

    start, body = asyncio.run(converse())
    return start["status"], dict(start["headers"])[b"content-type"].decode(), body["body"]


@pytest.mark.parametrize("declared", [50 * 2**20, None])
def test_a_body_that_is_too_large_is_refused_while_it_arrives(declared: int | None) -> None:
    status, kind, body = ask("/org/import", declared=declared, chunks=50)
    assert (status, kind) == (413, "application/json")
    assert json.loads(body)["errors"] == [{"path": "", "line": 1, "message": json.loads(body)["error"]}]


def test_a_person_is_told_so_on_a_page() -> None:
    status, kind, body = ask("/admin/import/", declared=50 * 2**20, chunks=50)
    assert (status, kind) == (413, "text/html; charset=utf-8")
    assert b"Nothing was changed" in body


def test_a_session_that_cannot_be_saved_answers_503_too(client: Client, alice: User, monkeypatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.save", away)
    client.raise_request_exception = False
    answer = client.post("/admin/login/", {"username": "alice", "password": "alice-secret"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(("path", "kind"), [("/admin/runs/", "text/html"), ("/workspaces", "application/json")])
def test_a_database_that_is_away_answers_503_with_retry_after(
    as_alice: Client, monkeypatch, path: str, kind: str
) -> None:
    def away(*args: object, **options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("workspaces.models.querysets.OrganizationQuerySet.visible_to", away)
    monkeypatch.setattr("workspaces.models.querysets.WorkspaceQuerySet.visible_to", away)
    answer = as_alice.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"].startswith(kind)
    assert "connection refused" not in answer.content.decode()
