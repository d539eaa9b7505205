"""The OpenAPI description and its page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command

from audit.event_table import as_markdown
from tests.api.conftest import Caller

pytestmark = pytest.mark.once

PATHS = {
    "/org/import", "/org/templates", "/workspaces", "/workspaces/{workspace_id}", "/workspaces/{workspace_id}/tokens",
    "/workspaces/{workspace_id}/heartbeat", "/workspaces/{workspace_id}/register", "/events", "/events/stream",
    "/healthz", "/readyz", "/schema/template.json", "/workspaces/{workspace_id}/restore", "/runs/{run_id}/undo",
}  # fmt: skip


@pytest.fixture
def described(as_bob: Caller) -> dict[str, Any]:
    return as_bob.get("/schema").json()


def test_it_is_valid_and_complete_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_the_list_of_events_tells_every_type_and_its_payload(described: dict[str, Any]) -> None:
    assert as_markdown() in described["paths"]["/events"]["get"]["description"]


def test_every_path_stands_there_once_without_its_slash(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]) >= PATHS
    assert not [path for path in described["paths"] if path.endswith("/")]


def test_an_import_is_described_in_all_its_forms(described: dict[str, Any]) -> None:
    body = described["paths"]["/org/import"]["post"]["requestBody"]["content"]
    assert set(body) == {
        "application/json", "multipart/form-data", "application/yaml", "application/x-yaml", "text/yaml",
    }  # fmt: skip
    assert [form["required"] for form in body["application/json"]["schema"]["oneOf"]] == [["template"], ["dir"]]


def test_every_operation_names_its_refusals(described: dict[str, Any]) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            wanted = {"405", "406"} if path in ("/healthz", "/readyz") else {"400", "401", "403", "405", "503"}
            assert wanted <= set(operation["responses"]), f"{method} {path}"
            assert operation["description"], f"{method} {path}"


def test_an_import_names_all_it_may_answer(described: dict[str, Any]) -> None:
    answers = described["paths"]["/org/import"]["post"]["responses"]
    assert {"200", "201", "404", "409", "413", "415", "429"} <= set(answers)


@pytest.mark.parametrize("path", ["/runs/{run_id}/undo", "/workspaces/{workspace_id}/restore"])
def test_an_undo_names_all_it_may_answer_with_examples(described: dict[str, Any], path: str) -> None:
    operation = described["paths"][path]["post"]
    assert {"200", "201", "400", "403", "404", "409", "413", "415", "429", "503"} <= set(operation["responses"])
    shown = {status: each["content"]["application/json"] for status, each in operation["responses"].items()}
    assert [len(shown[status].get("examples", ())) for status in ("200", "201", "409")] == [1, 1, 3]
    assert len(operation["requestBody"]["content"]["application/json"]["examples"]) == 2
    assert not operation["requestBody"].get("required")


def test_the_description_is_yaml_when_asked(as_bob: Caller) -> None:
    accept = {"Accept": "application/vnd.oai.openapi", **as_bob.headers}
    assert as_bob.client.get("/schema", headers=accept).content.startswith(b"openapi: 3")


def test_the_page_needs_nothing_from_the_internet(as_bob: Caller) -> None:
    page = as_bob.get("/docs").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert not re.search(r"https?://|[\"']//", page)
