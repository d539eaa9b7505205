"""Previews that wait for a decision: stored, so that any process can confirm them, and confirmed only unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from lib import gc_tuning
from lib.database_clock import database_now
from workspaces.access import Actor, Right
from workspaces.core.planning.plan import Comparison
from workspaces.core.planning.plan_values import Live, Mode, Plan
from workspaces.core.template import Template
from workspaces.errors import NotFound
from workspaces.models import ImportPreview, ImportRun, Organization, Workspace
from workspaces.services.imports.importing import Applied, Confirmation, apply_import, last_run, snapshot
from workspaces.services.plans.stored_plans import keep_for_preview
from workspaces.services.templates.loader import LoadedTemplate

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """The change of one workspace since the preview, with time, actor and reason from its history."""

    workspace_id: UUID
    name: str
    what: str
    when: datetime | None
    actor: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Both plans exactly as they were shown, and the changes since (none: they may be applied)."""

    record: ImportPreview
    template: Template
    seen: tuple[Live, ...]
    now: tuple[Live, ...]
    last_run: UUID | None

    @property
    def applied_by(self) -> ImportRun | None:
        """The run that applied it; None while it waits for a decision."""
        return self.record.applied_by

    @cached_property
    def merge(self) -> Plan:
        return self._planned(Mode.MERGE)

    @cached_property
    def reconcile(self) -> Plan:
        return self._planned(Mode.RECONCILE)

    @cached_property
    def is_out_of_date(self) -> bool:
        """Whether the tree differs from the shown one. False for an applied preview."""
        now = Comparison(have=self.now, want=self.template, last_run=self.last_run)
        return self.applied_by is None and now.fingerprint(Mode.MERGE) != self.record.merge_fingerprint

    @cached_property
    def _shown(self) -> Comparison:
        return Comparison(have=self.seen, want=self.template, last_run=self.record.last_run)

    def _planned(self, mode: Mode) -> Plan:
        with gc_tuning.paused():
            return self._shown.plan(mode)

    def plan(self, mode: Mode) -> Plan:
        return self.merge if mode is Mode.MERGE else self.reconcile


def store_preview(organization: Organization, loaded: LoadedTemplate, *, user: User) -> ImportPreview:
    """Keep the template, its files and the tree it was compared with. Touches no workspace and emits no event."""
    with transaction.atomic():
        record = _create(organization, loaded, user=user)
        keep_for_preview(record, loaded.template.files(), given=loaded.template.filesets)
    return record


def _create(organization: Organization, loaded: LoadedTemplate, *, user: User) -> ImportPreview:
    last, seen, now = last_run(organization), snapshot(organization), database_now()
    compared = Comparison(have=seen, want=loaded.template, last_run=last)
    return ImportPreview.objects.create(
        organization=organization,
        user=user,
        source=loaded.source,
        sha256=loaded.sha256,
        template=json.dumps(loaded.template.to_json()),
        merge_fingerprint=compared.fingerprint(Mode.MERGE),
        reconcile_fingerprint=compared.fingerprint(Mode.RECONCILE),
        seen=[{**row._asdict(), "id": str(row.id), "parent_id": row.parent_id and str(row.parent_id)} for row in seen],
        last_run=last,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.ORGSITE_PREVIEW_LIFETIME),
    )


def preview_again(preview: Preview, *, user: User) -> ImportPreview:
    """The same template beside the tree as it is now. Raises NotFound if the first preview expired meanwhile."""
    return store_preview(preview.record.organization, _loaded(preview), user=user)


def open_preview(preview_id: UUID, *, user: User) -> Preview:
    """The stored preview beside the tree as it is now. Raises Denied, or NotFound: unknown, expired, or hidden from the
    user.
    """
    record = (
        ImportPreview.objects.select_related("organization", "user", "applied_by")
        .filter(pk=preview_id, expires_at__gt=database_now())
        .filter(organization__in=Organization.objects.visible_to(user, to=Right.IMPORT))
        .first()
    )
    if record is None:
        raise NotFound("There is no such preview, or it has expired. Upload the template again.")
    last = last_run(record.organization)
    return Preview(
        record=record,
        last_run=last,
        template=Template.from_json(json.loads(record.template)),
        seen=tuple(_live(row) for row in record.seen),
        now=snapshot(record.organization),
    )


def apply_preview(
    preview: Preview, *, mode: Mode, actor: Actor, confirm_removals: int | None = None, reason: str = ""
) -> Applied:
    """Apply what the preview showed, once, or nothing. Raises as `apply_import` does."""
    record = preview.record
    shown = record.merge_fingerprint if mode is Mode.MERGE else record.reconcile_fingerprint
    return apply_import(
        record.organization,
        _loaded(preview),
        mode=mode,
        actor=actor,
        reason=reason,
        confirmation=Confirmation(fingerprint=shown, confirm_removals=confirm_removals, preview_id=record.pk),
    )


def changes_since(preview: Preview) -> tuple[Change, ...]:
    """Differences between the preview's tree and the present one, oldest first."""
    before, after = ({row.id: row for row in rows} for rows in (preview.seen, preview.now))
    differing = {key: _what(before.get(key), after.get(key)) for key in before.keys() | after.keys()}
    changed = {key: what for key, what in differing.items() if what}
    facts = _latest_history(changed, since=preview.record.created_at)
    found = [
        Change(workspace_id=key, name=(after.get(key) or before[key]).name, what=what, **facts.get(key, _UNKNOWN))
        for key, what in changed.items()
    ]
    return tuple(sorted(found, key=lambda change: (change.when or preview.record.created_at, change.name)))


def _loaded(preview: Preview) -> LoadedTemplate:
    record = preview.record
    return LoadedTemplate(template=preview.template, source=record.source, sha256=record.sha256)


_UNKNOWN: dict[str, Any] = {"when": None, "actor": "", "why": ""}


def _live(row: dict[str, Any]) -> Live:
    return Live(**{**row, "id": UUID(row["id"]), "parent_id": row["parent_id"] and UUID(row["parent_id"])})


def _what(before: Live | None, after: Live | None) -> str:
    if before is None:
        return "created"
    if after is None:
        return "removed"
    if before.protected != after.protected:
        return "protected" if after.protected else "no longer protected"
    return "moved or renamed" if (before.parent_id, before.name) != (after.parent_id, after.name) else ""


def _latest_history(ids: Iterable[UUID], *, since: datetime) -> dict[UUID, dict[str, Any]]:
    rows = Workspace.history.filter(id__one_of=list(ids), history_date__gte=since).order_by("history_id")
    facts = rows.values_list("id", "history_date", "history_actor", "history_change_reason")
    return {key: {"when": when, "actor": actor, "why": why or ""} for key, when, actor, why in facts}
