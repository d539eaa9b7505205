"""The examples are what they say they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workspaces.core.limits import TemplateLimits
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import Template
from workspaces.services.templates.directory_list import list_directories
from workspaces.services.templates.loader import TemplateLoader

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
LOADER = TemplateLoader(limits=TemplateLimits())
NAMES = frozenset({
    "PM", "Dev Lead", "Infra Lead", "Backend Engineer", "Frontend Engineer", "QA Engineer", "Technical Writer",
    "SRE Engineer", "Security Engineer",
})  # fmt: skip


def load(name: str) -> Template:
    return LOADER.directory(EXAMPLES / name).template


def trails(template: Template) -> set[str]:
    plan = plan_import(have=(), want=template, mode=Mode.MERGE)
    return {" › ".join(row.trail) for row in plan.rows}


@pytest.mark.parametrize("name", ["dev-tree-before", "dev-tree-after"])
def test_an_example_loads_without_a_warning(name: str) -> None:
    template = load(name)
    assert (template.name, {node.name for node in template.walk()}, template.count()) == ("Dev team", NAMES, 9)
    assert template.warnings == ()
    assert all(node.spec["initial_prompt"] for node in template.walk())


def test_the_examples_list_without_an_error(settings: Any) -> None:
    settings.ORGSITE_TEMPLATES_DIR = EXAMPLES
    found = list_directories(LOADER)
    assert [each.error for each in found] == [""] * len(found)


def test_the_reorganization_moves_everybody_but_the_pm() -> None:
    before, after = trails(load("dev-tree-before")), trails(load("dev-tree-after"))
    assert before & after == {"PM"}
    assert "PM › Infra Lead › Dev Lead › QA Engineer" in before
    assert "PM › Dev Lead › Infra Lead › SRE Engineer" in after
