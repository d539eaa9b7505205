"""What a page shows is computed before its template runs: the template starts no query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.db import connection
from django.test import Client

from lib import template_backend
from tests.trees import AFTER, BEFORE, Tree
from workspaces.services.imports.importing import Applied

pytestmark = pytest.mark.once


def refuse(_execute: object, sql: str, *_: object) -> NoReturn:
    pytest.fail(f"a template started {sql}")


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Queries during a rendering fail; the templates that were rendered."""
    rendered: list[str] = []
    render = template_backend._Template.render

    def without_queries(template: Any, *arguments: Any) -> Any:
        rendered.append(template.template.name)
        with connection.execute_wrapper(refuse):
            return render(template, *arguments)

    monkeypatch.setattr(template_backend._Template, "render", without_queries)
    return rendered


@pytest.mark.parametrize("tree", [BEFORE, AFTER])
def test_the_preview_is_computed_first(
    operator: Client, preview: Callable[[Tree], str], live: Callable[..., Applied], quiet: list[str], tree: Tree
) -> None:
    live(BEFORE)
    assert operator.get(preview(tree)).status_code == 200
    assert quiet == ["workspaces/admin/preview.html"]


@pytest.mark.parametrize("part", [{}, {"HX-Request": "true"}])
def test_a_run_is_computed_first(
    operator: Client, live: Callable[..., Applied], quiet: list[str], part: dict[str, str]
) -> None:
    run = live(BEFORE).run
    assert operator.get(f"/admin/runs/{run.pk}/", headers=part).status_code == 200
    assert quiet == ["workspaces/admin/run_now.html" if part else "workspaces/admin/run.html"]
