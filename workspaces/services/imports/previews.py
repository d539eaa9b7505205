"""Previews that wait for a decision: stored, so that any process can confirm them, and confirmed only unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from lib import gc_tuning
from lib.database_clock import database_now
from workspaces.access import Actor, Right
from workspaces.core.planning.field_diff import Content
from workspaces.core.planning.import_options import EVERY_MATCH, ImportOptions
from workspaces.core.planning.plan import Comparison, Contents
from workspaces.core.planning.plan_values import PLANNED, Live, Mode, Plan
from workspaces.core.template import Template
from workspaces.errors import NotFound
from workspaces.models import ImportPreview, ImportRun, Organization, Workspace
from workspaces.services.containers.restarts import restart_rule
from workspaces.services.imports.importing import Applied, Confirmation, apply_import
from workspaces.services.plans.contents import read_contents
from workspaces.services.plans.live_tree import last_run, snapshot
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
    """A template beside the tree that it was compared with, and the changes since (none: its plans may be applied).

    `contents` are the fields of those workspaces that may not be as the template says, `contents_now` as they are now.
    """

    record: ImportPreview
    template: Template
    seen: tuple[Live, ...]
    contents: Contents
    now: tuple[Live, ...]
    contents_now: Contents
    last_run: UUID | None
    _plans: dict[tuple[Mode, ImportOptions], Plan] = field(default_factory=dict, init=False)

    @property
    def applied_by(self) -> ImportRun | None:
        """The run that applied it; None while it waits for a decision."""
        return self.record.applied_by

    @cached_property
    def is_out_of_date(self) -> bool:
        """Whether the tree differs from the shown one. False for an applied preview."""
        return self.applied_by is None and not (
            self.last_run == self.record.last_run
            and self.contents == self.contents_now
            and {row[:PLANNED] for row in self.seen} == {row[:PLANNED] for row in self.now}
        )

    def plan(self, mode: Mode, options: ImportOptions) -> Plan:
        """The plan exactly as it is shown, however often it is asked for."""
        if (mode, options) not in self._plans:
            with gc_tuning.paused():
                self._plans[mode, options] = self._shown.plan(mode, options, contents=self.contents)
        return self._plans[mode, options]

    @cached_property
    def _shown(self) -> Comparison:
        last = self.record.last_run
        return Comparison(have=self.seen, want=self.template, last_run=last, containers=restart_rule())


def store_preview(organization: Organization, loaded: LoadedTemplate, *, user: User) -> ImportPreview:
    """Keep the template, its files and the tree it was compared with. Touches no workspace and emits no event."""
    with transaction.atomic():
        record = _create(organization, loaded, user=user)
        keep_for_preview(record, loaded.template.files(), given=loaded.template.filesets)
    return record


def _create(organization: Organization, loaded: LoadedTemplate, *, user: User) -> ImportPreview:
    last, seen, now = last_run(organization), snapshot(organization), database_now()
    in_doubt = Comparison(have=seen, want=loaded.template).in_doubt(*EVERY_MATCH)
    return ImportPreview.objects.create(
        organization=organization,
        user=user,
        source=loaded.source,
        sha256=loaded.sha256,
        template=json.dumps(loaded.template.to_json()),
        seen=[_live_as_json(row) for row in seen],
        contents={str(key): _content_as_json(have) for key, have in read_contents(in_doubt).items()},
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
    last, contents = last_run(record.organization), {UUID(key): _content(have) for key, have in record.contents.items()}
    return Preview(
        record=record,
        last_run=last,
        template=Template.from_json(json.loads(record.template)),
        seen=tuple(map(_live, record.seen)),
        contents=contents,
        now=snapshot(record.organization),
        contents_now=read_contents(contents.keys()),
    )


def apply_preview(
    preview: Preview,
    *,
    mode: Mode,
    options: ImportOptions | None = None,
    actor: Actor,
    confirm_removals: int | None = None,
    reason: str = "",
) -> Applied:
    """Apply what the preview showed, once, or nothing. Raises as `apply_import` does."""
    record, chosen = preview.record, options or ImportOptions.of(mode)
    shown = preview.plan(mode, chosen).fingerprint
    return apply_import(
        record.organization,
        _loaded(preview),
        mode=mode,
        options=chosen,
        actor=actor,
        reason=reason,
        confirmation=Confirmation(fingerprint=shown, confirm_removals=confirm_removals, preview_id=record.pk),
    )


def changes_since(preview: Preview) -> tuple[Change, ...]:
    """Differences between the preview's tree and the present one, oldest first."""
    before, after = ({row.id: row for row in rows} for rows in (preview.seen, preview.now))
    differing = {key: _what(before.get(key), after.get(key)) for key in before.keys() | after.keys()}
    changed = {key: what for key, what in differing.items() if what}
    changed |= {
        key: "changed"
        for key, have in preview.contents.items()
        if key not in changed and preview.contents_now.get(key) != have
    }
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


def _what(before: Live | None, after: Live | None) -> str:
    if before is None:
        return "created"
    if after is None:
        return "removed"
    if before.protected != after.protected:
        return "protected" if after.protected else "no longer protected"
    if (before.parent_id, before.name) != (after.parent_id, after.name):
        return "moved or renamed"
    return "changed" if before[:PLANNED] != after[:PLANNED] else ""


def _latest_history(ids: Iterable[UUID], *, since: datetime) -> dict[UUID, dict[str, Any]]:
    rows = Workspace.history.filter(id__one_of=list(ids), history_date__gte=since).order_by("history_id")
    facts = rows.values_list("id", "history_date", "history_actor", "history_change_reason")
    return {key: {"when": when, "actor": actor, "why": why or ""} for key, when, actor, why in facts}


# ---- The tree as a preview stores it.


def _live_as_json(row: Live) -> dict[str, Any]:
    return {**row._asdict(), "id": str(row.id), "parent_id": row.parent_id and str(row.parent_id)}


def _live(row: Mapping[str, Any]) -> Live:
    parent = row["parent_id"]
    return Live(**{**row, "id": UUID(row["id"]), "parent_id": parent and UUID(parent)})


def _content_as_json(have: Content) -> dict[str, Any]:
    return {**have._asdict(), "by_hand": sorted(have.by_hand)}


def _content(have: Mapping[str, Any]) -> Content:
    return Content(**{**have, "by_hand": frozenset(have["by_hand"])})
