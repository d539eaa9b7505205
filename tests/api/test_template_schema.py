"""`GET /schema/template.json`: what an editor loads once and keeps."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller

AT = "/schema/template.json"


@pytest.mark.parametrize("address", [AT, f"{AT}/"])
def test_both_forms_answer_the_same_schema_with_its_address(as_bob: Caller, address: str) -> None:
    answer = as_bob.get(address)
    assert answer["Content-Type"] == "application/schema+json"
    assert answer.json()["$id"] == f"http://testserver{AT}"
    assert answer.json()["title"] == "Org template"


def test_it_is_json_for_those_who_ask_for_json(as_bob: Caller) -> None:
    answer = as_bob.client.get(AT, headers={"Accept": "application/json", **as_bob.headers})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_it_may_be_kept_and_is_not_sent_twice(as_bob: Caller) -> None:
    first = as_bob.get(AT)
    assert first["Cache-Control"] == "private, max-age=3600"
    again = as_bob.client.get(AT, headers={"If-None-Match": first["ETag"], **as_bob.headers})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
