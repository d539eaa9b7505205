"""Hypothesis against the running site: templates and bodies that nobody thought of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.budgets import tried
from tests.hostile.corpus.cases import FORM, JSON, YAML, multipart, post
from tests.hostile.fuzzing import Seed, seeds, spoiled, templates
from tests.hostile.inside import Inside
from tests.hostile.wire import exchange

pytestmark = pytest.mark.once

SOON = 6.0  # seconds of the processor: beside other programs one that is shared gets a third done
TEXTS = st.deferred(lambda: spoiled([seed for seed in seeds() if not seed.filename.endswith(".zip")]))
ZIPS = st.deferred(lambda: spoiled([seed for seed in seeds() if seed.filename.endswith(".zip")]))

attack = tried(50)


@pytest.fixture(autouse=True)
def _nothing_changes(inside: Inside) -> Any:
    before = inside.rows()
    yield
    assert inside.rows() == before


def assert_answered(inside: Inside, data: bytes) -> None:
    used = inside.site.processor_seconds()
    answer = exchange(inside.site.url, data)
    assert answer.status == 200 or 400 <= answer.status < 500, (answer.status, answer.body[:500])
    assert inside.site.processor_seconds() - used < SOON


@attack
@given(template=templates())
def test_any_template_is_planned_or_refused(inside: Inside, template: Any) -> None:
    assert_answered(inside, post(inside, json.dumps({"org": "acme", "dry_run": True, "template": template}).encode()))


@attack
@given(text=TEXTS)
def test_any_yaml_is_planned_or_refused(inside: Inside, text: Seed) -> None:
    assert_answered(inside, post(inside, text.content, (YAML,), target="/org/import?org=acme&dry_run=true"))


@attack
@given(data=ZIPS)
def test_any_zip_is_planned_or_refused(inside: Inside, data: Seed) -> None:
    body = multipart({"org": "acme", "dry_run": "true"}, files=[("file", "dev.zip", data.content)])
    assert_answered(inside, post(inside, body, (FORM,)))


@attack
@given(body=st.binary(max_size=500), kind=st.sampled_from([JSON, YAML, FORM]))
def test_any_bytes_are_refused(inside: Inside, body: bytes, kind: tuple[str, str]) -> None:
    assert_answered(inside, post(inside, body, (kind,), target="/org/import?org=nobody"))
