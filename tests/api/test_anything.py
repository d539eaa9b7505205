"""Whatever comes in, nothing but a refusal comes out."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Caller
from tests.budgets import tried
from workspaces.models import Organization

TEXT = st.text(st.characters(), max_size=12)  # surrogates and controls included
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "template", "dir", "mode", "org", "dry_run", "fingerprint", "confirm_removals", "reason", "name", "parent", "role",
    "tier", "runtime", "model", "external", "url", "spec", "protected", "workspaces", "children", "schedules",
    "defaults", "moves", "updates", "retire", "overwrite", "prefer", "missing_files", "previously", "confirm_data_loss",
]  # fmt: skip
MEDIA_TYPES = ["application/json", "text/yaml", "multipart/form-data; boundary=x"]
TEMPLATES = st.dictionaries(st.sampled_from(KEYS) | TEXT, VALUES, max_size=6)
BODIES = st.dictionaries(st.sampled_from(KEYS) | TEXT, VALUES | TEMPLATES, max_size=6) | VALUES
QUERIES = st.dictionaries(
    st.sampled_from(["org", "status", "name", "parent", "type", "since", "until", "cursor", "page_size", "workspace"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    max_size=4,
)
thoroughly = tried(20)


@pytest.fixture(autouse=True)
def _no_throttle(settings: Any, organization: Organization) -> None:
    settings.ORGSITE_THROTTLE = None


@thoroughly
@given(body=BODIES)
def test_any_json_is_answered(as_alice: Caller, body: Any) -> None:
    text = json.dumps(body)
    answers = [
        as_alice.post("/org/import", text),
        as_alice.post("/workspaces", text),
        as_alice.patch(f"/workspaces/{uuid4()}", text),
        as_alice.post(f"/workspaces/{uuid4()}/restore", text),
        as_alice.post(f"/runs/{uuid4()}/undo", text),
    ]
    assert all(answer.status_code < 500 for answer in answers), text


@thoroughly
@given(template=TEMPLATES)
def test_any_template_is_answered(as_alice: Caller, template: Any) -> None:
    text = json.dumps({"org": "acme", "template": {"name": "Dev", "workspaces": [template]}})
    assert as_alice.post("/org/import", text).status_code in (201, 400, 413), text


@thoroughly
@given(data=st.binary(max_size=300), media_type=st.sampled_from(MEDIA_TYPES))
def test_any_bytes_are_answered(as_alice: Caller, data: bytes, media_type: str) -> None:
    assert as_alice.post("/org/import", data, type=media_type).status_code < 500


@thoroughly
@given(query=QUERIES)
def test_any_query_is_answered(as_alice: Caller, query: dict[str, str]) -> None:
    for path in ("/workspaces", "/events"):
        assert as_alice.get(path, **query).status_code < 500, query
