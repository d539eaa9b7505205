"""`previously`: the names that a workspace or a whole template had, in its forms, and what is said about wrong ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.texts import directory, inline, problems
from workspaces.core.template import Template


def node(previously: Any, /, **top: Any) -> str:
    return json.dumps({"name": "Dev", "workspaces": [{"name": "PM", "previously": previously}], **top})


PATH = "must be a name, or a path: a list of names from the root"


@pytest.mark.parametrize(
    ("written", "where", "message"),
    [
        (5, "", PATH),
        ({"name": "Lead"}, "", PATH),
        ([True], "[0]", PATH),
        ([[]], "[0]", PATH),
        ([["Root", None]], "[0][1]", "must be a name"),
        ([[["Root"]]], "[0][0]", "must be a name"),
        ("", "", "a name must not be empty"),
        (["x" * 256], "[0]", "a name must have at most 255"),
        (["Boss", ["Root", "a\u202eb"]], "[1][1]", "a name must not contain U+202E"),
    ],
)
def test_any_other_form_is_an_error_at_its_place(written: Any, where: str, message: str) -> None:
    (problem,) = problems(inline, node(written), format="json")
    assert problem.startswith(f"1 workspaces[0].previously{where}: {message}")


def test_a_template_has_no_path() -> None:
    text = json.dumps({"name": "Dev", "previously": [["Old"]]})
    assert problems(inline, text, format="json") == ["1 previously[0]: must be a name"]


def test_it_belongs_to_a_workspace_and_not_to_the_defaults() -> None:
    text = "name: Dev\ndefaults:\n  previously: Old\n"
    assert problems(inline, text) == ["3 defaults.previously: belongs to a workspace, not to the defaults"]


def test_it_may_come_from_an_included_file_and_an_error_names_that_file() -> None:
    org = "name: Dev\nworkspaces:\n  - !include pm.yaml\n  - name: QA\n    previously: !include names.yaml\n"
    files = {"org.yaml": org, "pm.yaml": "name: PM\npreviously: Lead\n", "names.yaml": "- Tester\n- [PM, Tester]\n"}
    pm, qa = directory(files).workspaces
    assert (pm.previously, qa.previously) == (("Lead",), ("Tester", ("PM", "Tester")))
    wrong = files | {"pm.yaml": "name: PM\npreviously: 5\n", "names.yaml": "- Tester\n- [PM, 7]\n"}
    assert problems(directory, wrong) == [
        f"pm.yaml:2 workspaces[0].previously: {PATH}",
        "names.yaml:2 workspaces[1].previously[1][1]: must be a name",
    ]


def text(workspace: str = "null", template: str = "null") -> str:
    return f"name: Dev team\npreviously: {template}\nworkspaces:\n- {{name: SRE, previously: {workspace}}}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("null", ()),
        ("[]", ()),
        ("Ops", ("Ops",)),
        ("' Ops\u00a0 Engineer '", ("Ops Engineer",)),
        ("[Ops, Admin]", ("Ops", "Admin")),
        ("[[PM, Ops]]", (("PM", "Ops"),)),
        ("[Admin, [PM, Ops]]", ("Admin", ("PM", "Ops"))),
    ],
)
def test_a_workspace_has_a_name_or_a_list_of_names_and_paths(written: str, meant: Any) -> None:
    (node,) = inline(text(written)).workspaces
    assert node.previously == meant
    assert "previously" not in node.spec


def test_a_template_has_names() -> None:
    renamed = inline(text(template="[Team, Old team]"))
    assert renamed.lineage == ("Dev team", "Team", "Old team")
    assert "previously" not in renamed.header


def test_it_is_part_of_what_the_template_declares_and_not_of_what_it_says_of_a_workspace() -> None:
    plain, renamed, path = inline(text()), inline(text("Ops", "Team")), inline(text("[[Ops]]", "Team"))
    assert len({plain.digest, renamed.digest, path.digest}) == 3
    assert plain.workspaces[0].digest == renamed.workspaces[0].digest


def test_it_is_stored_and_read_back() -> None:
    want = inline(text("[Admin, [PM, Ops]]", "[Team]"))
    assert Template.from_json(json.loads(json.dumps(want.to_json()))) == want
