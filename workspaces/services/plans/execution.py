"""The executor: carries out a plan's operations, set-based, and decides nothing about the tree.

A fixed number of statements for any number of rows, in the caller's transaction and under the lock of the organization
that the caller took. The ONE teardown is here: every removal of workspaces comes through `tear_down`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError
from uuid_utils.compat import uuid7

from audit.event_types import WORKSPACE_ONLINE, WORKSPACE_PROVISIONING, WORKSPACE_RELEASED, WORKSPACE_REMOVED
from lib.bulk import Ids, JsonText, Rows, as_json
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.plan_values import Kind, Operation, Place, Plan, Reason
from workspaces.core.template import Node
from workspaces.errors import NameTaken
from workspaces.models import ImportRun, Organization, RunOperation, Schedule, Status, Workspace, WorkspaceToken
from workspaces.services.containers.desired_state import engine_runs, want_absent, want_running
from workspaces.services.containers.restarts import Consequence, converge
from workspaces.services.plans.memories import remember
from workspaces.services.plans.moving import make_way, move, record_moves
from workspaces.services.plans.restoring import restore
from workspaces.services.plans.updating import note_what_was_said, record_updates, update
from workspaces.services.reasons import Reasons, with_reason
from workspaces.services.workspace_events import emit_for_each, record_change

PROVISIONING, ONLINE = Status.PROVISIONING, Status.ONLINE
WORKSPACE_FIELDS = (
    "id", "parent", "name", "role", "tier", "runtime", "model", "status", "external", "url", "spec", "files",
    "declared", "declared_digest",
)  # fmt: skip
SCHEDULE_FIELDS = ("workspace", "name", "cron_expr", "timezone", "prompt", "enabled")
OPERATION_FIELDS = ("seq", "kind", "workspace_id", "name", "path", "cause", "reason", "before", "after")


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedPlan:
    """A plan with all rows that it writes, prepared before the first statement; on SQLite before the lock, too."""

    plan: Plan
    creation: Creation
    operations: Rows

    @classmethod
    def of(cls, plan: Plan, *, reason: str) -> PreparedPlan:
        """New ids are chosen here. Changes nothing."""
        creation = planned_creation(plan, reason=reason)
        return cls(plan=plan, creation=creation, operations=operation_rows(plan, created=creation.created))

    def stage(self) -> None:
        """Do the slow part before the lock, where it holds up nobody."""
        if self.plan.operations:
            self.creation.stage()
            self.operations.stage()


def execute(
    prepared: PreparedPlan, *, run: ImportRun, actor: Actor, now: datetime, data: DataPolicy = DataPolicy.WAIT
) -> Mapping[int, UUID]:
    """Carry out the plan in the caller's transaction, under the organization's lock; row of the plan → new id.

    What goes makes room first; a place is free before somebody else gets it.
    """
    plan, created = prepared.plan, prepared.creation.created
    tear_down(plan, run=run, actor=actor, data=data, now=now)
    make_way(plan)
    insert_created(prepared.creation, organization=run.organization, actor=actor, import_id=run.pk, now=now)
    move(plan, created=created, now=now)
    restore(plan, run=run, actor=actor, now=now)
    remember(plan, run=run)
    update(plan, now=now)
    note_what_was_said(plan)
    record_moves(plan, created=created, run=run, actor=actor, now=now)
    record_updates(plan, run=run, actor=actor, now=now)
    converge(
        {
            each.workspace: Consequence(each.diff.effect, each.diff.changes)
            for each in plan.operations
            if each.workspace and each.diff
        },
        actor=actor,
        now=now,
        import_id=run.pk,
    )
    prepared.operations.insert(same={"run": run.pk})
    return prepared.creation.created


# ---- Creation.


def first_status() -> dict[bool, Status]:
    """The status of a new workspace, by whether it is external: online at once if it gets no container."""
    return {external: PROVISIONING if gets_container(external=external) else ONLINE for external in (False, True)}


def gets_container(*, external: bool) -> bool:
    return engine_runs() and not external


class New(NamedTuple):
    """A workspace to create below `parent_id` (None: a root), with a container or without; `path` is its place."""

    id: UUID
    parent_id: UUID | None
    node: Node
    has_container: bool
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Creation:
    """Workspaces to create, with all that can be prepared. `created`: row of the plan → new id. Those without a
    container are online at once."""

    created: Mapping[int, UUID]
    workspaces: Rows
    schedules: Rows
    with_container: Ids
    why: Reasons
    without_container: Reasons
    template: str

    def stage(self) -> None:
        """Do the slow part before the lock, where it holds up nobody."""
        if self.created:
            self.workspaces.stage()
            self.schedules.stage()
            self.why.stage("created")
            self.without_container.stage("without_container")


def planned_creation(plan: Plan, *, reason: str) -> Creation:
    """The workspaces that the plan creates, with new ids. Changes nothing."""
    new: dict[int, New] = {}
    for each in plan.operations:
        node = plan.rows[each.row].node
        if each.kind is Kind.CREATE and each.after and node:
            parent = each.after.parent
            above = new[parent].id if isinstance(parent, int) else parent
            path = plan.path_texts[each.row]
            new[each.row] = New(uuid7(), above, node, gets_container(external=node.external), path)
    return creation_of(new, why=reason or "import", template=plan.template.name)


def creation_of(by_row: Mapping[int, New], *, why: str, template: str) -> Creation:
    """`template` is the name of the document that declares them, "" if they are made by hand."""
    new = list(by_row.values())
    alone = [item for item in new if not item.has_container]
    ids = Ids(item.id for item in new)
    return Creation(
        created={index: item.id for index, item in by_row.items()},
        workspaces=Rows(Workspace, WORKSPACE_FIELDS, (_workspace_row(item, declared=bool(template)) for item in new)),
        schedules=Rows(Schedule, SCHEDULE_FIELDS, (row for item in new for row in _schedule_rows(item))),
        with_container=Ids(item.id for item in new if item.has_container) if alone else ids,
        why=Reasons(ids, why, paths=[item.path for item in new]),
        without_container=Reasons(
            [item.id for item in alone], "no container to wait for", paths=[item.path for item in alone]
        ),
        template=template,
    )


def insert_created(
    creation: Creation, *, organization: Organization, actor: Actor, import_id: UUID | None, now: datetime
) -> None:
    if not creation.created:
        return
    made = {"organization": organization.pk, "protected": False, "template": creation.template}
    made |= {"created_at": now, "updated_at": now}
    try:
        creation.workspaces.insert(same=made)
    except IntegrityError as error:
        if "workspace_live_name" in str(error):
            raise NameTaken("A live workspace has that place and name already.") from error
        raise
    creation.schedules.insert(same={"source": Schedule.Source.TEMPLATE, "created_at": now, "updated_at": now})
    want_running(creation.with_container, organization=organization.pk, import_id=import_id, now=now)
    record_change(WORKSPACE_PROVISIONING, creation.why, history="+", actor=actor, now=now, import_id=import_id)
    emit_for_each(WORKSPACE_ONLINE, creation.without_container, actor=actor, now=now, import_id=import_id)


def _workspace_row(new: New, *, declared: bool) -> tuple[Any, ...]:
    key, parent, node, has_container, _ = new
    return (
        key, parent, node.name, node.role, node.tier, node.runtime, node.model,
        PROVISIONING if has_container else ONLINE, node.external, node.url, node.spec, node.files or None,
        node.declared() if declared else None, node.digest if declared else "",
    )  # fmt: skip


def _schedule_rows(new: New) -> list[tuple[Any, ...]]:
    return [(new.id, s.name, s.cron_expr, s.timezone, s.prompt, s.enabled) for s in new.node.schedules]


# ---- Teardown.


def tear_down(plan: Plan, *, run: ImportRun, actor: Actor, data: DataPolicy = DataPolicy.WAIT, now: datetime) -> None:
    """Carry out the plan's removals: rows first, so that nothing brings them back, then their resources. `data` is for
    the volumes of all of them."""
    going = [each for each in plan.operations if each.kind is Kind.REMOVE]
    if not going:
        return
    why = Reasons(
        [each.workspace for each in going if each.workspace],
        [_why(each, run.reason) for each in going],
        paths=[plan.path_texts[each.row] for each in going],
    )
    _mark_removed(why.ids, run=run, now=now)
    containers = want_absent(why.ids, data=data, import_id=run.pk, now=now)
    kept = data is DataPolicy.KEEP
    facts: dict[str, Any] = {"actor": actor, "now": now, "import_id": run.pk, "keep_volumes": kept}
    record_change(WORKSPACE_REMOVED, why, history="~", **facts, mode=str(plan.mode))
    if containers < len(why):  # `containerless` picks those that have none
        alone = Reasons(why.ids, "no container to release", paths=why.paths)
        emit_for_each(WORKSPACE_RELEASED, alone, containerless=True, **facts)


def _why(operation: Operation, reason: str) -> str:
    """Words for history and event: the operation's cause, then the caller's `reason`; of a chosen one that alone."""
    if operation.reason == Reason.CHOSEN:
        return reason or operation.cause
    return with_reason(operation.cause, reason)


def _mark_removed(ids: Collection[UUID], *, run: ImportRun, now: datetime) -> None:
    """The race guard first: from this UPDATE on no heartbeat brings a row back. Then the rows' resources."""
    gone = {"status": Status.REMOVED, "removed_at": now, "removed_by": run.pk}
    Workspace.objects.filter(id__one_of=ids).update(**gone, updated_at=now)
    tokens = WorkspaceToken.objects.filter(workspace__one_of=ids, revoked_at=None)
    tokens.update(revoked_at=now, removed_by=run.pk)
    schedules = Schedule.objects.filter(workspace__one_of=ids, enabled=True)
    schedules.update(enabled=False, updated_at=now, removed_by=run.pk)


# ---- The operations, as the run keeps them, in the order of the plan.


def operation_rows(plan: Plan, *, created: Mapping[int, UUID]) -> Rows:
    """The rows of the plan's operations, to be inserted with their run. `created`: row of the plan → new id."""
    return Rows(RunOperation, OPERATION_FIELDS, _operation_rows(plan, created))


def _operation_rows(plan: Plan, created: Mapping[int, UUID]) -> Iterator[tuple[Any, ...]]:
    for seq, (kind, row, workspace, before, after, cause, reason, diff) in enumerate(plan.operations, start=1):
        changes = diff.changes if diff else ()
        yield (
            seq, kind, workspace or created[row], plan.rows[row].name, JsonText(plan.path_texts[row]), cause, reason,
            _state_json(before, created, {each["field"]: each["from"] for each in changes}),
            _state_json(after, created, {each["field"]: each["to"] for each in changes}),
        )  # fmt: skip


def _state_json(place: Place | None, created: Mapping[int, UUID], fields: Mapping[str, Any]) -> JsonText | None:
    """`{"parent_id", "name"}`, and `fields` if any change."""
    if place is None:
        return None
    parent = created[place.parent] if isinstance(place.parent, int) else place.parent
    above = f'"{parent}"' if parent else "null"
    more = f', "fields": {as_json(fields)}' if fields else ""
    return JsonText(f'{{"parent_id": {above}, "name": {as_json(place.trail[-1])}{more}}}')
