"""The history of one workspace: when, what, who, why, in which run, and which fields changed. Read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from workspaces.admin.access import VIEW, require
from workspaces.admin.pages import page_number, render_page
from workspaces.admin.words import CHANGED, CREATED, REMOVED, Op
from workspaces.models import Status, Workspace
from workspaces.services.visible import ancestor_names

VERSIONS_PER_PAGE = 100
NOT_A_CHANGE = ("updated_at",)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field before and after."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A row of the history with what it changed against the one before; `number` counts from 1."""

    number: int
    record: Any
    op: Op
    changes: tuple[FieldChange, ...]


@require_safe
def history_page(request: HttpRequest, workspace: Workspace, *, site: AdminSite) -> HttpResponse:
    """All versions, newest first."""
    require(request, VIEW)
    page = Paginator(_records(workspace), VERSIONS_PER_PAGE).get_page(page_number(request))
    return render_page(
        request,
        site,
        "history.html",
        title=f"History of {workspace.name}",
        workspace=workspace,
        above=ancestor_names(workspace),
        page=page,
        versions=_versions(workspace, page.start_index() - 1, page.paginator.count),
    )


@require_safe
def version_page(request: HttpRequest, workspace: Workspace, version_id: str, *, site: AdminSite) -> HttpResponse:
    """The values of one version."""
    require(request, VIEW)
    record = _records(workspace).filter(pk=version_id).first() if version_id.isdecimal() else None
    if record is None:
        raise Http404("There is no such version.")
    return render_page(
        request,
        site,
        "version.html",
        title=f"{workspace.name} at {timezone.localtime(record.history_date):%Y-%m-%d %H:%M:%S}",
        workspace=workspace,
        record=record,
        op=_op(record),
        values=[(field.name, _text(record, field)) for field in record.tracked_fields],
    )


def _records(workspace: Workspace) -> Any:
    return Workspace.history.filter(id=workspace.pk).order_by("-history_date", "-history_id")


def _versions(workspace: Workspace, start: int, total: int) -> list[Version]:
    """One page of versions; a row more is read, so that its last one has something to differ from."""
    records = list(_records(workspace)[start : start + VERSIONS_PER_PAGE + 1])
    earlier: Sequence[Any] = [*records[1:], None]
    versions = [
        Version(number=total - start - index, record=record, op=_op(record), changes=_changes(record, before))
        for index, (record, before) in enumerate(zip(records, earlier, strict=True))
    ]
    return versions[:VERSIONS_PER_PAGE]


def _op(record: Any) -> Op:
    if record.history_type == "+":
        return CREATED
    return REMOVED if record.status == Status.REMOVED else CHANGED


def _changes(record: Any, before: Any) -> tuple[FieldChange, ...]:
    if before is None:
        return ()
    pairs = ((field.name, _text(before, field), _text(record, field)) for field in record.tracked_fields)
    return tuple(
        FieldChange(field=name, before=old, after=new)
        for name, old, new in pairs
        if old != new and name not in NOT_A_CHANGE
    )


def _text(record: Any, field: Any) -> str:
    """The value as it is stored: a parent that is gone since is still its id."""
    value = getattr(record, field.attname)
    if hasattr(value, "strftime"):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    return "(empty)" if value in (None, "", {}) else str(value)
