"""What is too large, by any road it comes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from tests.api.conftest import Caller
from workspaces.api.import_views import ImportView
from workspaces.models import Workspace

SMALL = 4_000


@pytest.fixture(autouse=True)
def _little_room(settings: Any) -> None:
    settings.ORGSITE_MAX_TEMPLATE_BYTES = SMALL
    settings.ORGSITE_MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * SMALL


def chunked(caller: Caller, body: bytes, *, type: str) -> HttpResponse:
    """A request without a declared length, as the server hands it on."""
    headers = [(b"transfer-encoding", b"chunked"), (b"content-type", type.encode())]
    headers.append((b"authorization", f"Bearer {caller.token}".encode()))
    scope = {"type": "http", "method": "POST", "path": "/org/import", "query_string": b"", "headers": headers}
    answer = ImportView.as_view()(ASGIRequest(scope, io.BytesIO(body)))
    return answer.render() if hasattr(answer, "render") else answer


def json(filler: int = 0) -> bytes:
    return b'{"org": "acme", "dry_run": true, "template": {"name": "Dev", "description": "' + b"x" * filler + b'"}}'


def form(filler: int = 0) -> bytes:
    field = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    file = field.format("file", '; filename="dev.yaml"', "name: Dev\n" + "#" * filler)
    return (field.format("org", "", "acme") + field.format("dry_run", "", "true") + file + "--x--\r\n").encode()


@pytest.mark.parametrize("filler", [SMALL, 2 * SMALL, 10 * SMALL])
def test_a_body_beyond_the_limit_is_too_large(as_alice: Caller, filler: int) -> None:
    answers = [
        as_alice.post("/org/import", json(filler)),
        as_alice.post("/org/import", b"name: Dev\n" + b"#" * filler, type="application/yaml", org="acme"),
        as_alice.post("/org/import", form(filler), type="multipart/form-data; boundary=x"),
        as_alice.post("/workspaces", json(filler)),
        as_alice.patch("/workspaces/nothing", json(filler)),
    ]
    assert [answer.status_code for answer in answers] == [413] * 5
    assert all(set(answer.json()) == {"error", "errors"} for answer in answers)
    assert all("ORGSITE_MAX_TEMPLATE_BYTES" in answer.json()["error"] for answer in answers)


@pytest.mark.usefixtures("organization")
def test_a_chunked_body_is_read_like_any_other(as_alice: Caller) -> None:
    assert chunked(as_alice, json(), type="application/json").status_code == 200
    assert chunked(as_alice, form(), type="multipart/form-data; boundary=x").status_code == 200


def test_a_chunked_body_beyond_the_limit_is_too_large(as_alice: Caller) -> None:
    assert chunked(as_alice, json(3 * SMALL), type="application/json").status_code == 413
    assert chunked(as_alice, form(3 * SMALL), type="multipart/form-data; boundary=x").status_code == 413
    assert chunked(as_alice, b"#" * 3 * SMALL, type="application/yaml").status_code == 413


@pytest.mark.parametrize("text", ["[" * 2000, '{"a":' * 1000, "- " * 2000], ids=["lists", "objects", "yaml"])
def test_nesting_beyond_the_limit_is_too_large(as_alice: Caller, text: str) -> None:
    answers = [
        as_alice.post("/org/import", f'{{"template": {text}'),
        as_alice.post("/org/import", text, type="application/yaml", org="acme"),
    ]
    assert {answer.status_code for answer in answers} <= {400, 413}
    assert answers[1].status_code == 413


def test_too_many_workspaces_are_too_large(as_alice: Caller, settings: Any) -> None:
    settings.ORGSITE_MAX_TEMPLATE_NODES = 2
    workspaces = [{"name": name} for name in ("a", "b", "c")]
    answer = as_alice.post("/org/import", {"template": {"name": "Dev", "workspaces": workspaces}, "org": "acme"})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (413, "workspaces[2]")
    assert not Workspace.objects.exists()


def test_too_many_form_fields_and_files_are_refused(as_alice: Caller, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    fields = {f"field{number}": "x" for number in range(5)}
    files = {f"file{number}": SimpleUploadedFile("x.yaml", b"x") for number in range(5)}
    assert as_alice.upload("/org/import", **fields).status_code == 400
    assert as_alice.upload("/org/import", **files).status_code == 400
