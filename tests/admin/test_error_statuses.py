"""One table of statuses: a page that refuses answers as REST does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

import pytest
from django.test import Client

from tests.trees import Tree, template
from workspaces import errors
from workspaces.admin.preview import preview_pages
from workspaces.api.error_answers import answer
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Mode
from workspaces.core.planning.undo_facts import PastFacts
from workspaces.core.planning.undo_plan import plan_undo
from workspaces.errors import OrgError, Problem
from workspaces.web.error_statuses import STATUSES

pytestmark = pytest.mark.once

PLAN = plan_import(have=(), want=template({"PM": {}}), mode=Mode.MERGE)
UNDO = plan_undo(past=PastFacts(done=(), removed={}), have=(), contents={})
ARGUMENTS: dict[type[OrgError], Callable[[], OrgError]] = {
    errors.AppliedAlready: lambda: errors.AppliedAlready(PLAN, applied_by=UUID(int=1)),
    errors.BodyTooLarge: lambda: errors.BodyTooLarge(1),
    errors.InvalidOptions: lambda: errors.InvalidOptions({"prefer": "no"}),
    errors.InvalidRequest: lambda: errors.InvalidRequest("no", field="org"),
    errors.NothingToUndo: lambda: errors.NothingToUndo("no", plan=UNDO),
    errors.RemovalNotConfirmed: lambda: errors.RemovalNotConfirmed("no", plan=PLAN),
    errors.SubmittedBefore: lambda: errors.SubmittedBefore(address="/", sentence="no"),
    errors.TemplateTooLarge: lambda: errors.TemplateTooLarge(Problem(message="no")),
    errors.TooOften: lambda: errors.TooOften("no", left=timedelta(seconds=1)),
    errors.WorkspaceProtected: lambda: errors.WorkspaceProtected("no", ids=()),
}


def leaves(kind: type[OrgError]) -> list[type[OrgError]]:
    below = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    return [leaf for each in below for leaf in leaves(each)] or [kind]


@pytest.mark.parametrize("kind", leaves(OrgError))
def test_every_error_has_a_status(kind: type[OrgError]) -> None:
    assert any(parent in STATUSES for parent in kind.__mro__), f"add {kind.__name__} to web/error_statuses.py"


@pytest.mark.parametrize("kind", [kind for kind in leaves(OrgError) if kind is not errors.AppliedAlready])
def test_a_page_and_rest_answer_an_error_alike(
    operator: Client, preview: Callable[[Tree], str], monkeypatch: pytest.MonkeyPatch, kind: type[OrgError]
) -> None:
    error = ARGUMENTS.get(kind, lambda: kind("no"))()

    def refuse(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(preview_pages, "_apply", refuse)
    page = operator.post(preview({"PM": {}}), {"mode": "merge"})
    assert page.status_code == answer(error).status_code
