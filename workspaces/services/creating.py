"""Creating workspaces: rows, schedules, history and events, a fixed number of statements for any number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.emitting import Event, emit
from orgsite.bulk import insert_rows
from workspaces.core.plan import Plan
from workspaces.core.template import Node
from workspaces.errors import InvalidRequest, NameTaken
from workspaces.models import Organization, Schedule, Status, Workspace
from workspaces.services.actors import Actor
from workspaces.services.containers import engine_runs, want_running
from workspaces.services.history import record_history
from workspaces.services.locking import lock_organizations
from workspaces.services.telling import workspace_event

FIELDS = (
    "id", "organization", "parent", "name", "role", "tier", "runtime", "model", "status", "protected", "external",
    "url", "spec", "files", "created_at", "updated_at", "removed_at", "last_heartbeat_at",
)  # fmt: skip
SCHEDULE_FIELDS = (
    "workspace", "name", "cron_expr", "timezone", "prompt", "enabled", "source", "created_at", "updated_at",
)  # fmt: skip


def initial_status(node: Node) -> Status:
    """A record is online at once: where no engine runs, and where the workspace runs elsewhere."""
    return Status.PROVISIONING if gets_container(node) else Status.ONLINE


def gets_container(node: Node) -> bool:
    return engine_runs() and not node.external


@dataclass(frozen=True, kw_only=True, slots=True)
class New:
    """A workspace to create below `parent_id` (None: a root)."""

    id: UUID
    parent_id: UUID | None
    node: Node


def create_planned(
    plan: Plan, *, organization: Organization, actor: Actor, reason: str, import_id: UUID, now: datetime
) -> dict[int, UUID]:
    """Create what the plan says; return the index of each created row → its new id. Runs inside the import's lock."""
    ids = {index: row.live.id for index, row in enumerate(plan.rows) if row.live}
    created = {index: uuid4() for index, row in enumerate(plan.rows) if row.node and not row.live}
    ids |= created
    new = [
        New(id=created[index], parent_id=None if row.parent is None else ids[row.parent], node=row.node)
        for index, row in enumerate(plan.rows)
        if index in created and row.node
    ]
    _insert(new, organization=organization, actor=actor, why=reason or "import", import_id=import_id, now=now)
    return created


def create_workspace(
    organization: Organization, node: Node, *, parent_id: UUID | None, actor: Actor, reason: str = "by hand"
) -> Workspace:
    """Create one workspace by hand. Raises NameTaken, InvalidRequest (parent not live here)."""
    new = New(id=uuid4(), parent_id=parent_id, node=node)
    with transaction.atomic():
        lock_organizations([organization.pk])
        siblings = Workspace.objects.live().filter(organization=organization)
        if parent_id and not siblings.filter(pk=parent_id).exists():
            raise InvalidRequest("The parent is not a live workspace of this organization.", field="parent")
        if siblings.filter(parent=parent_id, name=node.name).exists():
            raise NameTaken(f'A live workspace "{node.name}" stands there already.')
        _insert([new], organization=organization, actor=actor, why=reason, import_id=None, now=timezone.now())
    return Workspace.objects.select_related("organization").get(pk=new.id)


def _insert(
    new: Sequence[New], *, organization: Organization, actor: Actor, why: str, import_id: UUID | None, now: datetime
) -> None:
    if not new:
        return
    try:
        insert_rows(Workspace, FIELDS, [_workspace_row(item, organization=organization, now=now) for item in new])
    except IntegrityError as error:
        if "workspace_live_name" in str(error):
            raise NameTaken("A live workspace has that place and name already.") from error
        raise
    insert_rows(Schedule, SCHEDULE_FIELDS, [row for item in new for row in _schedule_rows(item, now=now)])
    want_running([item.id for item in new if gets_container(item.node)], import_id=import_id, now=now)
    record_history({item.id: why for item in new}, kind="+", actor=actor, now=now, import_id=import_id)
    emit(_events(new, organization, actor=actor, why=why, import_id=import_id))


def _workspace_row(new: New, *, organization: Organization, now: datetime) -> tuple[Any, ...]:
    node = new.node
    return (
        new.id, organization.pk, new.parent_id, node.name, node.role, node.tier, node.runtime, node.model,
        initial_status(node), False, node.external, node.url, node.spec, node.files or None, now, now, None, None,
    )  # fmt: skip


def _schedule_rows(new: New, *, now: datetime) -> list[tuple[Any, ...]]:
    return [
        (new.id, s.name, s.cron_expr, s.timezone, s.prompt, s.enabled, Schedule.Source.TEMPLATE, now, now)
        for s in new.node.schedules
    ]


def _events(
    new: Sequence[New], organization: Organization, *, actor: Actor, why: str, import_id: UUID | None
) -> list[Event]:
    """Each workspace begins; one without a container is there at once."""
    there = [item for item in new if not gets_container(item.node)]
    told = [("provisioning", why, new), ("online", "no container to wait for", there)]
    return [
        workspace_event(
            what,
            workspace_id=item.id,
            name=item.node.name,
            parent_id=item.parent_id,
            organization=organization.slug,
            actor=actor,
            why=cause,
            import_id=import_id,
        )
        for what, cause, items in told
        for item in items
    ]
