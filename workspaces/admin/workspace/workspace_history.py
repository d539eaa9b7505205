"""The history of one workspace: time, kind, actor, reason, run and changed fields. Read-only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from workspaces import access
from workspaces.access import Right
from workspaces.admin.shared.badges import DONE
from workspaces.admin.shared.rendering import page_number, render_page
from workspaces.models import Status, Workspace
from workspaces.services.lookups import ancestor_names

VERSIONS_PER_PAGE = 100
NOT_A_CHANGE = ("updated_at",)
MOST_DIGITS = 19  # of an id
MISSING = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldDifference:
    """One field before and after."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionComparison:
    """Two versions side by side, the older one first."""

    before: Version
    after: Version
    changes: tuple[FieldDifference, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A row of the history with its changes since the one before; `number` counts from 1."""

    number: int
    record: Any
    done: SafeString
    changes: tuple[FieldDifference, ...]


@require_safe
def history_page(request: HttpRequest, workspace: Workspace, *, site: AdminSite) -> HttpResponse:
    """All versions, newest first; with `from` and `to` in the address the changes between these two."""
    access.require(request.user, Right.VIEW)
    page = Paginator(_records(workspace), VERSIONS_PER_PAGE).get_page(page_number(request))
    chosen = [request.GET.get("from", ""), request.GET.get("to", "")]
    versions = _versions(workspace, page.start_index() - 1, page.paginator.count)
    return render_page(
        request,
        site,
        "history.html",
        title=f"History of {workspace.name}",
        workspace=workspace,
        above=ancestor_names(workspace),
        page=page,
        versions=versions,
        comparison=_comparison(workspace, chosen) if all(chosen) else None,
        preset=chosen if all(chosen) else [str(each.record.pk) for each in reversed(versions[:2])],
    )


@require_safe
def version_page(request: HttpRequest, workspace: Workspace, version_id: str, *, site: AdminSite) -> HttpResponse:
    """The values of one version."""
    access.require(request.user, Right.VIEW)
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
        done=_done(record, _earlier(workspace, record).first()),
        values=[(field.name, _text(record, field)) for field in record.tracked_fields],
    )


def _records(workspace: Workspace) -> Any:
    return Workspace.history.filter(id=workspace.pk).order_by("-history_date", "-history_id")


def _versions(workspace: Workspace, start: int, total: int) -> list[Version]:
    """One page of versions; one more row is read, to compare the last one with."""
    records = list(_records(workspace)[start : start + VERSIONS_PER_PAGE + 1])
    earlier: Sequence[Any] = [*records[1:], None]
    versions = [
        Version(number=total - start - i, record=record, done=_done(record, before), changes=_changes(record, before))
        for i, (record, before) in enumerate(zip(records, earlier, strict=True))
    ]
    return versions[:VERSIONS_PER_PAGE]


def _comparison(workspace: Workspace, chosen: Sequence[str]) -> VersionComparison:
    """The two versions, the older one first. Raises Http404 if one is not of this workspace."""
    keys = {int(text) for text in chosen if text.isdecimal() and len(text) < MOST_DIGITS}
    found = sorted(_records(workspace).filter(pk__in=keys), key=lambda record: (record.history_date, record.pk))
    if len(found) != len(keys) or len(set(chosen)) != len(keys):
        raise Http404("There is no such version.")
    before, after = (_numbered(workspace, record) for record in (found[0], found[-1]))
    return VersionComparison(before=before, after=after, changes=_changes(after.record, before.record))


def _numbered(workspace: Workspace, record: Any) -> Version:
    earlier = _earlier(workspace, record)
    return Version(number=earlier.count() + 1, record=record, done=_done(record, earlier.first()), changes=())


def _earlier(workspace: Workspace, record: Any) -> Any:
    """The versions before this one, newest first."""
    before = Q(history_date__lt=record.history_date) | Q(history_date=record.history_date, history_id__lt=record.pk)
    return _records(workspace).filter(before)


def _done(record: Any, before: Any) -> SafeString:
    """The badge of the change that led to a version, from the one before it, None if there is none."""
    gone, was_gone = (each is not None and each.status == Status.REMOVED for each in (record, before))
    changed = "update" if gone == was_gone else "remove" if gone else "restore"
    return DONE["create" if record.history_type == "+" else changed]


def _changes(record: Any, before: Any) -> tuple[FieldDifference, ...]:
    if before is None:
        return ()
    return tuple(
        change
        for field in record.tracked_fields
        if field.name not in NOT_A_CHANGE
        for change in _differences(field, before, record)
    )


def _differences(field: Any, before: Any, after: Any) -> Iterator[FieldDifference]:
    """A change for each field that differs; for an object one for each key that differs."""
    old, new = (getattr(record, field.attname) for record in (before, after))
    if old == new:
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield FieldDifference(field=field.name, before=_shown(old), after=_shown(new))
        return
    for key in sorted(old.keys() | new.keys()):
        if old.get(key, MISSING) != new.get(key, MISSING):
            pair = (_shown(values[key]) if key in values else "(not there)" for values in (old, new))
            yield FieldDifference(field=f"{field.name} › {key}", before=next(pair), after=next(pair))


def _text(record: Any, field: Any) -> str:
    """The stored value: a removed parent is still shown by its id."""
    return _shown(getattr(record, field.attname))


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    if value in (None, "", {}, []):
        return "(empty)"
    return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
