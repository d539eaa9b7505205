"""Creating workspaces: rows, schedules, history and events, a fixed number of statements for any number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from uuid_utils.compat import uuid7

from audit.event_types import WORKSPACE_ONLINE, WORKSPACE_PROVISIONING
from lib.bulk import Ids
from lib.database_clock import database_now
from lib.staged_rows import Rows
from workspaces.core.names import SPACES, fold_spaces
from workspaces.core.planning.operations import Kind
from workspaces.core.planning.plan_values import Plan
from workspaces.core.template import Node
from workspaces.errors import InvalidRequest, NameTaken
from workspaces.models import ImportRun, Organization, Schedule, Status, Workspace
from workspaces.services.actors import Actor
from workspaces.services.causes import Reasons
from workspaces.services.containers.desired_state import engine_runs, want_running
from workspaces.services.locking import lock_organizations
from workspaces.services.paths import path_below, path_text, path_texts
from workspaces.services.workspace_events import emit_for_each, record_change

FIELDS = (
    "id", "parent", "name", "role", "tier", "runtime", "model", "status", "external", "url", "spec", "files",
    "declared",
)  # fmt: skip
PROVISIONING, ONLINE = Status.PROVISIONING, Status.ONLINE
SCHEDULE_FIELDS = ("workspace", "name", "cron_expr", "timezone", "prompt", "enabled")


def initial_status(node: Node) -> Status:
    """The first status: online at once without an engine, or if the workspace runs elsewhere."""
    return PROVISIONING if gets_container(node) else ONLINE


def gets_container(node: Node) -> bool:
    return engine_runs() and not node.external


class New(NamedTuple):
    """A workspace to create below `parent_id` (None: a root), with a container or without; `path` is its place."""

    id: UUID
    parent_id: UUID | None
    node: Node
    contained: bool
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Creation:
    """Workspaces to create, with all that can be prepared. `created`: row of the plan → new id."""

    created: Mapping[int, UUID]
    workspaces: Rows
    schedules: Rows
    contained: Ids
    why: Reasons
    alone: Reasons
    template: str

    def stage(self) -> None:
        """Do the slow part before the lock, where it holds up nobody."""
        if self.created:
            self.workspaces.stage()
            self.schedules.stage()
            self.why.stage("created")
            self.alone.stage("alone")


def plan_creation(plan: Plan, *, reason: str) -> Creation:
    """The workspaces that the plan creates, with new ids. Changes nothing."""
    new: dict[int, New] = {}
    for each in plan.operations:
        node = plan.rows[each.row].node
        if each.kind is Kind.CREATE and each.after and node:
            parent = each.after.parent
            above = new[parent].id if isinstance(parent, int) else parent
            new[each.row] = New(uuid7(), above, node, gets_container(node), path_text(each.after.trail))
    return _creation(new, why=reason or "import", template=plan.template.name)


def create_planned(creation: Creation, *, run: ImportRun, actor: Actor, now: datetime) -> Mapping[int, UUID]:
    """Create the planned ones; return the index of each created row → its new id. Runs inside the import's lock."""
    _insert(creation, organization=run.organization, actor=actor, import_id=run.pk, now=now)
    return creation.created


def create_workspace(
    organization: Organization, node: Node, *, parent_id: UUID | None, actor: Actor, reason: str = "by hand"
) -> Workspace:
    """Create one workspace by hand. Raises NameTaken, InvalidRequest (parent not live here)."""
    with transaction.atomic():
        lock_organizations([organization.pk])
        siblings = Workspace.objects.live().filter(organization=organization)
        if parent_id and not siblings.filter(pk=parent_id).exists():
            raise InvalidRequest("The parent is not a live workspace of this organization.", field="parent")
        beside = siblings.filter(_may_look_like(node.name), parent=parent_id).values_list("name", flat=True)
        if node.name in map(fold_spaces, beside):
            raise NameTaken(f'A live workspace "{node.name}" stands there already.')
        path = path_below(_path_of(parent_id), node.name)
        new = New(uuid7(), parent_id, node, gets_container(node), path)
        creation = _creation({0: new}, why=reason, template="")
        _insert(creation, organization=organization, actor=actor, import_id=None, now=database_now())
    return Workspace.objects.select_related("organization").get(pk=new.id)


def _path_of(parent_id: UUID | None) -> str:
    return path_texts([parent_id], Workspace.objects.lines([parent_id]))[parent_id] if parent_id else ""


def _may_look_like(name: str) -> Q:
    """Rows of that name, and those whose name an older version stored with other spaces."""
    return reduce(or_, (Q(name__contains=space) for space in ("  ", *SPACES.strip(" "))), Q(name=name))


def _creation(by_row: Mapping[int, New], *, why: str, template: str) -> Creation:
    """`template` is the name of the document that declares them, "" if they are made by hand."""
    new = list(by_row.values())
    alone = [item for item in new if not item.contained]
    ids = Ids(item.id for item in new)
    return Creation(
        created={index: item.id for index, item in by_row.items()},
        workspaces=Rows(Workspace, FIELDS, (_workspace_row(item, declared=bool(template)) for item in new)),
        schedules=Rows(Schedule, SCHEDULE_FIELDS, (row for item in new for row in _schedule_rows(item))),
        contained=Ids(item.id for item in new if item.contained) if alone else ids,
        why=Reasons(ids, why, paths=[item.path for item in new]),
        alone=Reasons([item.id for item in alone], "no container to wait for", paths=[item.path for item in alone]),
        template=template,
    )


def _insert(new: Creation, *, organization: Organization, actor: Actor, import_id: UUID | None, now: datetime) -> None:
    if not new.created:
        return
    made = {"organization": organization.pk, "protected": False, "template": new.template}
    made |= {"created_at": now, "updated_at": now}
    try:
        new.workspaces.insert(same=made)
    except IntegrityError as error:
        if "workspace_live_name" in str(error):
            raise NameTaken("A live workspace has that place and name already.") from error
        raise
    new.schedules.insert(same={"source": Schedule.Source.TEMPLATE, "created_at": now, "updated_at": now})
    want_running(new.contained, organization=organization.pk, import_id=import_id, now=now)
    record_change(WORKSPACE_PROVISIONING, new.why, history="+", actor=actor, now=now, import_id=import_id)
    emit_for_each(WORKSPACE_ONLINE, new.alone, actor=actor, now=now, import_id=import_id)


def _workspace_row(new: New, *, declared: bool) -> tuple[Any, ...]:
    key, parent, node, contained, _ = new
    return (
        key, parent, node.name, node.role, node.tier, node.runtime, node.model,
        PROVISIONING if contained else ONLINE, node.external, node.url, node.spec, node.files or None,
        node.declared() if declared else None,
    )  # fmt: skip


def _schedule_rows(new: New) -> list[tuple[Any, ...]]:
    return [(new.id, s.name, s.cron_expr, s.timezone, s.prompt, s.enabled) for s in new.node.schedules]
