"""The JSON Schema that editors read says what the reader accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from tests.texts import inline
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.reader import read_tree
from workspaces.core.validating.editor_schema import editor_schema
from workspaces.core.validating.template_schema import Defaults, OrgTemplate, ScheduleSchema, WorkspaceSchema
from workspaces.errors import TemplateInvalid
from workspaces.services.templates.directories import DirectoryFiles

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCHEMA = editor_schema(address="https://orgs.example/schema/template.json")
VALIDATOR = Draft202012Validator(SCHEMA)


def faults(data: Any) -> list[str]:
    return sorted(written(error.instance_path) for error in VALIDATOR.iter_errors(data))


def written(path: list[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def one(**keys: Any) -> dict[str, Any]:
    return {"name": "Dev", "workspaces": [{"name": "PM", **keys}]}


def test_it_is_a_schema_that_names_itself_and_its_dialect() -> None:
    meta.validate(SCHEMA)
    assert SCHEMA["$id"] == "https://orgs.example/schema/template.json"
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_its_titles_are_words_of_the_template() -> None:
    assert SCHEMA["title"] == "Org template"
    assert {name: part["title"] for name, part in SCHEMA["$defs"].items()} == {
        name: name for name in ("Defaults", "Workspace", "Schedule")
    }


@pytest.mark.parametrize("part", [SCHEMA, *SCHEMA["$defs"].values()], ids=lambda part: part["title"])
def test_every_key_has_a_sentence(part: dict[str, Any]) -> None:
    assert [name for name, key in part["properties"].items() if not key.get("description")] == []


def test_it_has_every_key_that_the_models_have() -> None:
    for part, model in {"Defaults": Defaults, "Workspace": WorkspaceSchema, "Schedule": ScheduleSchema}.items():
        assert SCHEMA["$defs"][part]["properties"].keys() == model.model_fields.keys()
    assert SCHEMA["properties"].keys() == OrgTemplate.model_fields.keys()


@pytest.mark.parametrize("name", ["dev-tree-before", "dev-tree-after"])
def test_the_examples_fit(name: str) -> None:
    document = read_tree(DirectoryFiles(EXAMPLES / name), TemplateLimits()).document
    assert faults(document.data) == []


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"tier": 5}, "tier"),
        ({"tier": "3"}, "tier"),
        ({"children": [{"role": "no name"}]}, "children[0]"),
        ({"schedules": [{"name": "Pulse"}]}, "schedules[0]"),
        ({"spawning": "no"}, "spawning"),
        ({"url": "ftp://agent.example"}, "url"),
        ({"previously": 5}, "previously"),
        ({"previously": [["PM", 5]]}, "previously[0][1]"),
        ({"previously": [["PM", ["QA"]]]}, "previously[0][1]"),
        ({"previously": [[]]}, "previously[0]"),
    ],
)
def test_an_editor_underlines_what_the_import_refuses(keys: dict[str, Any], where: str) -> None:
    assert faults(one(**keys)) == [f"$.workspaces[0].{where}"]
    with pytest.raises(TemplateInvalid):
        inline(json.dumps(one(**keys)), format="json")


@pytest.mark.parametrize(
    "keys",
    [
        {"unknown": 1},
        {"canvas": "text"},
        {"tier": None},
        {"children": None},
        {"previously": None},
        {"previously": "QA"},
        {"previously": ["QA", ["PM", "QA"]]},
        {"previously": []},
    ],
)
def test_it_underlines_nothing_that_the_import_takes(keys: dict[str, Any]) -> None:
    assert faults(one(**keys) | {"defaults": None}) == []
    assert inline(json.dumps(one(**keys) | {"defaults": None}), format="json").count() == 1
