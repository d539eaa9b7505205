"""Restarts and deliveries: the rows say what a container should have, and the worker converges it.

A restart raises the generation: a worker pulls the image, then stops the older container, then starts a new one on the
same volumes. A delivery raises the number of the configuration: a worker writes that into the config volume of the
running container. A start brings the newest configuration, so it settles both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet

from audit.event_payloads import WorkspaceEvent
from audit.event_types import WORKSPACE_ONLINE, WORKSPACE_RESTARTED, EventType
from lib.bulk import Ids
from workspaces.access import Actor
from workspaces.core.changes import Change
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.containers.lifecycle import Desired
from workspaces.core.containers.restart_rule import Effect, RestartRule, why_of
from workspaces.core.planning.plan_values import Place
from workspaces.engines.base import delivers
from workspaces.models import Container, Status, Workspace, WorkspaceToken
from workspaces.services.containers.desired_state import engine_runs, want_absent, want_each_running
from workspaces.services.reasons import Reasons
from workspaces.services.workspace_events import record_change

Why = str | Mapping[UUID, str]
"""One reason for all, or one for each id."""


class Consequence(NamedTuple):
    """The decided consequence of a workspace's changes for its container."""

    effect: Effect
    changes: Collection[Change]


def converge(
    changed: Mapping[UUID, Consequence], *, actor: Actor, now: datetime, import_id: UUID | None = None
) -> tuple[UUID, ...]:
    """Have the containers of changed workspaces follow, as was decided; return the ids of those that are restarted.
    Under the same conditions as `restart`, once the changes are written."""
    found: defaultdict[Effect, list[UUID]] = defaultdict(list)
    for key, (effect, _) in changed.items():
        found[effect].append(key)
    restarted = [*found[Effect.RESTART], *found[Effect.BRING]]
    why = {key: why_of(changed[key].changes) for key in (*restarted, *found[Effect.RELEASE])}
    _deliver(found[Effect.DELIVER], now=now, import_id=import_id)
    _release(found[Effect.RELEASE], why=why, actor=actor, now=now, import_id=import_id)
    _bring(found[Effect.BRING], now=now)
    return restart(restarted, why=why, actor=actor, now=now, import_id=import_id)


def restart_rule() -> RestartRule:
    """The rule for the engine and the limits that the settings name."""
    return RestartRule(
        runs=engine_runs(), delivers=delivers(settings.ORGSITE_ENGINE), limits=settings.ORGSITE_DOCKER_LIMITS
    )


def restart(
    ids: Collection[UUID], *, why: Why, actor: Actor, now: datetime, import_id: UUID | None = None
) -> tuple[UUID, ...]:
    """Have the containers of `ids` made anew, those that are to run; return their ids, in order.

    Inside the transaction that locked their organizations; a fixed number of statements. With an `import_id` the
    containers belong to that run from now on. A container being started meanwhile is replaced later.
    """
    rows = _to_run(ids)
    renewed = tuple(rows.order_by("pk").values_list("pk", flat=True)) if ids else ()
    if renewed:
        rows.update(
            generation=F("generation") + 1, due_at=now, asked_at=None, attempts=0, losses=0, last_error="",
            changed_at=now, **_decided_by(import_id),
        )  # fmt: skip
        provision_again(renewed, why=why, actor=actor, now=now, import_id=import_id)
    return renewed


def provision_again(
    ids: Collection[UUID], *, why: Why, actor: Actor, now: datetime, import_id: UUID | None = None
) -> None:
    """Write down that the containers of live workspaces are made anew: their status, with history and event."""
    _note(WORKSPACE_RESTARTED, Status.PROVISIONING, ids, why=why, actor=actor, now=now, import_id=import_id)


def _note(
    kind: EventType[WorkspaceEvent],
    status: Status,
    ids: Collection[UUID],
    *,
    why: Why,
    actor: Actor,
    now: datetime,
    import_id: UUID | None,
) -> None:
    if not ids:
        return
    keys = Ids.of(ids)
    paths = Workspace.objects.paths(keys)
    texts = [Place(None, paths[key]).path_text for key in keys]
    reasons = Reasons(keys, why if isinstance(why, str) else [why[key] for key in keys], paths=texts)
    Workspace.objects.live().filter(id__one_of=keys).update(status=status, updated_at=now)
    record_change(kind, reasons, history="~", actor=actor, now=now, import_id=import_id)


def _to_run(ids: Collection[UUID]) -> QuerySet[Container]:
    return Container.objects.filter(workspace__one_of=ids, desired=Desired.RUNNING)


def _deliver(ids: Collection[UUID], *, now: datetime, import_id: UUID | None) -> None:
    if ids:
        _to_run(ids).update(configuration=F("configuration") + 1, due_at=now, **_decided_by(import_id))


def _decided_by(import_id: UUID | None) -> dict[str, UUID]:
    """The run that a container belongs to from now on; the same as before without one."""
    return {"import_id": import_id} if import_id else {}


# ---- External workspaces have no container; what theirs had on its volumes is kept.


def _release(ids: Collection[UUID], *, why: Why, actor: Actor, now: datetime, import_id: UUID | None) -> None:
    """Have the containers go with their tokens, and keep their volumes. The workspaces are online, as new ones are."""
    if ids:
        want_absent(ids, data=DataPolicy.KEEP, import_id=import_id, now=now)
        tokens = WorkspaceToken.objects.filter(workspace__one_of=ids, of_container=True, revoked_at=None)
        tokens.update(revoked_at=now)
        others = Workspace.objects.live().filter(id__one_of=ids).exclude(status=Status.ONLINE).order_by("pk")
        waiting = list(others.values_list("pk", flat=True))
        _note(WORKSPACE_ONLINE, Status.ONLINE, waiting, why=why, actor=actor, now=now, import_id=import_id)


def _bring(ids: Collection[UUID], *, now: datetime) -> None:
    """Want a container for each, on the volumes that were kept; the restart that follows makes it due."""
    if ids:
        rows = Container.objects.filter(workspace__one_of=ids)
        known = set(rows.values_list("pk", flat=True))
        rows.update(desired=Desired.RUNNING, keep_volumes=False, purge_at=None, purged_at=None, released_at=None)
        new = Workspace.objects.live().filter(id__one_of=[key for key in ids if key not in known])
        want_each_running(new.order_by("pk"), now=now)
