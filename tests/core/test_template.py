"""Which names a template declares, whatever of it runs, and that nothing is lost on the way through storage."""

from __future__ import annotations

import json

import pytest

from tests.texts import inline
from tests.trees import AFTER, BEFORE, template
from workspaces.core.template import Template
from workspaces.errors import TemplateInvalid


@pytest.mark.parametrize("name", ['""', '"  "', "null", ""])
def test_an_empty_name_is_an_error_and_never_reaches_the_names(name: str) -> None:
    with pytest.raises(TemplateInvalid) as error:
        inline(f"name: Dev\nworkspaces:\n  - name: PM\n  - name: {name}\n")
    assert [(problem.path, problem.line) for problem in error.value.problems] == [("workspaces[1].name", 4)]


def test_storing_and_reading_back_gives_an_equal_template() -> None:
    want = template(AFTER, asleep=["QA Engineer"], canvas={"x": 1})
    assert Template.from_json(json.loads(json.dumps(want.to_json()))) == want


def test_what_is_stored_does_not_change_with_a_later_version_s_defaults() -> None:
    """Another default tier must not change a kept template or a preview; what is empty may be left out."""
    (stored,) = inline("name: Dev\nworkspaces:\n  - name: PM\n").to_json()["workspaces"]
    assert {"name", "path", "tier", "runtime", "spawning"} <= stored.keys()
    assert not {"role", "model", "url", "external", "files"} & stored.keys()


def test_the_digest_tells_templates_apart_and_ignores_where_they_stand() -> None:
    text = "name: Dev\nworkspaces:\n  - name: PM\n"
    assert inline(text).digest == inline(f"# a comment moves the lines\n{text}").digest
    assert inline(text).digest != inline(text.replace("PM", "QA")).digest
    assert template(AFTER).digest != template(BEFORE).digest
