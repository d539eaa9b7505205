"""Strays: things on the engine that the database does not know, since when, and their treatment.

A stray is never destroyed for being unknown. After ORGSITE_QUARANTINE its container is stopped; its volumes, and the
container itself, go only on a person's order.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q

from audit.emitting import emit, event_of
from audit.event_payloads import StrayEvent
from audit.event_types import STRAY_RELEASED, STRAY_STOPPED, EventType
from lib.bulk import insert_rows
from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.containers.lifecycle import ContainerState
from workspaces.core.containers.sweep_plan import Unknown
from workspaces.engines.base import Engine
from workspaces.errors import EngineError
from workspaces.models import Stray
from workspaces.services.containers.installation import lock_installation

logger = logging.getLogger(__name__)

FACTS = ("why", "name", "organization", "container", "runs", "volumes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The strays of the engine as a page shows them. `since`: when the first was seen; `stops_at`: when the next
    running one is stopped, None if none is."""

    count: int
    running: int
    since: datetime | None = None
    stops_at: datetime | None = None


def quarantine() -> timedelta:
    return timedelta(seconds=settings.ORGSITE_QUARANTINE)


def note_strays(strays: Sequence[Unknown]) -> None:
    """Store when each was first seen, name it in the log, and delete rows that are no strays any more."""
    if _differs(strays):
        with transaction.atomic():
            lock_installation()
            known = {row.pk: row for row in Stray.objects.all()}
            new = [stray for stray in strays if stray.id not in known]
            _insert(new)
            _correct(known, strays)
            gone = known.keys() - {stray.id for stray in strays}
            Stray.objects.filter(workspace_id__one_of=gone).delete()
        for stray in new:
            logger.warning("Found on the engine: %s", described(stray))
        for key in sorted(gone):
            logger.info("No stray any more: %s", known[key])


def with_names(strays: Sequence[Unknown]) -> tuple[Unknown, ...]:
    """The same, with the names noted earlier if the container is gone: volumes have no such labels."""
    bare = [stray.id for stray in strays if stray.held.state is None]
    if not bare:
        return tuple(strays)
    noted = {row.pk: row for row in Stray.objects.filter(workspace_id__one_of=bare).order_by()}
    return tuple(_named(stray, noted.get(stray.id)) for stray in strays)


def _named(stray: Unknown, row: Stray | None) -> Unknown:
    return replace(stray, held=replace(stray.held, name=row.name, organization=row.organization)) if row else stray


def described(stray: Unknown) -> str:
    """One line with every name that helps to find the owner."""
    held = stray.held
    state = f"container {held.state.value}" if held.state else "no container"
    whose = f"“{held.name}” of {held.organization or 'no organization'}" if held.name or held.organization else ""
    volumes = f"volumes {', '.join(held.volumes)}" if held.volumes else "no volumes"
    return f"ws-{stray.id} ({', '.join(part for part in (whose, state, volumes) if part)}): {stray.why}"


def first_seen(strays: Iterable[Unknown]) -> dict[UUID, datetime]:
    """Since when each has been known, without those not noted yet."""
    rows = Stray.objects.filter(workspace_id__one_of=[stray.id for stray in strays])
    return dict(rows.order_by().values_list("workspace_id", "first_seen_at"))


def overdue(strays: Sequence[Unknown]) -> tuple[Unknown, ...]:
    """Strays that still run although their quarantine is over."""
    seen, latest = first_seen(strays), database_now() - quarantine()
    return tuple(stray for stray in strays if stray.runs and stray.id in seen and seen[stray.id] <= latest)


def note_stopped(strays: Sequence[Unknown], *, actor: Actor) -> None:
    """Write down that their containers were stopped, because their quarantine is over."""
    ids = [stray.id for stray in strays]
    Stray.objects.filter(workspace_id__one_of=ids).update(stopped_at=database_now(), runs=False)
    _tell(STRAY_STOPPED, strays, actor=actor, why="container stopped after its quarantine, nothing removed")


def note_destroyed(strays: Sequence[Unknown], *, actor: Actor) -> None:
    """Write down that they are gone, and by whose order."""
    Stray.objects.filter(workspace_id__one_of=[stray.id for stray in strays]).delete()
    _tell(STRAY_RELEASED, strays, actor=actor, why="container and volumes destroyed by hand")


def summary() -> Summary:
    """One query."""
    runs = Q(runs=True)
    first = Min("first_seen_at", filter=runs)
    told = Stray.objects.aggregate(
        count=Count("pk"), running=Count("pk", filter=runs), since=Min("first_seen_at"), first=first
    )
    stops = settings.ORGSITE_SWEEP == "on" and told["first"]
    return Summary(
        count=told["count"],
        running=told["running"],
        since=told["since"],
        stops_at=told["first"] + quarantine() if stops else None,
    )


# ---- rows


def _differs(strays: Sequence[Unknown]) -> bool:
    """Whether there is something to write: on SQLite a write takes the lock of all writers."""
    rows = {row.pk: _facts_of(row) for row in Stray.objects.all()}
    return rows != {stray.id: _facts(stray) for stray in strays}


def _insert(strays: Sequence[Unknown]) -> None:
    rows = [[stray.id, *_facts(stray).values()] for stray in strays]
    insert_rows(Stray, ["workspace_id", *FACTS], rows, same={"first_seen_at": database_now()})


def _correct(known: Mapping[UUID, Stray], strays: Sequence[Unknown]) -> None:
    changed = []
    for stray in strays:
        row = known.get(stray.id)
        if row and _facts_of(row) != _facts(stray):
            for name, value in _facts(stray).items():
                setattr(row, name, value)
            changed.append(row)
    Stray.objects.bulk_update(changed, FACTS, batch_size=100)


def _facts_of(row: Stray) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FACTS}


def _facts(stray: Unknown) -> dict[str, Any]:
    """The columns of its row: a label written by hand may be longer than ours."""
    held = stray.held
    return {
        "why": stray.why,
        "name": held.name[:255],
        "organization": held.organization[:63],
        "container": held.state is not None,
        "runs": stray.runs,
        "volumes": list(held.volumes),
    }


def _tell(kind: EventType[StrayEvent], strays: Sequence[Unknown], *, actor: Actor, why: str) -> None:
    """Write events, which have no known organization; the labels' values are in the payload."""
    if strays:
        told = {stray.id: _payload(stray, why=f"{why}: {stray.why}") for stray in strays}
        emit(
            [
                event_of(kind, payload, organization="", actor=actor.name, workspace_id=key)
                for key, payload in told.items()
            ]
        )


def _payload(stray: Unknown, *, why: str) -> StrayEvent:
    facts = _facts(stray)
    return {
        "name": facts["name"],
        "path": [facts["name"]],
        "parent_id": None,
        "why": why,
        "labelled": facts["organization"],
        "volumes": list(stray.held.volumes),
    }


# ---- Strays on the engine: stop their containers, or destroy them for a person.
#
# Calls the engine only: a worker does this in a thread of its pool.


LOOK_AGAIN = 0.25  # seconds


def stop_strays(strays: Sequence[Unknown], *, engine: Engine, grace: timedelta) -> dict[UUID, str]:
    """Ask all of them to stop, wait for the grace, kill the rest. Their containers stay, and so do all volumes. Id →
    why one could not be stopped, "" for stopped."""
    for stray in strays:
        logger.warning("Stopping the container, as its quarantine is over; all volumes stay: %s", described(stray))
    errors = {stray.id: _error_of(engine.request_stop, stray.id) for stray in strays}
    running = _wait_for(errors, engine=engine, grace=grace)
    return errors | {key: error for key in running if (error := _error_of(engine.kill, key))}


def destroy_strays(strays: Sequence[Unknown], *, engine: Engine, grace: timedelta) -> dict[UUID, str]:
    """Stop them, then remove containers and volumes, on a person's order. Id → why a part stays, "" for gone."""
    for stray in strays:
        logger.warning("Destroying, as somebody asked for: %s", described(stray))
    errors = {stray.id: _error_of(engine.request_stop, stray.id) for stray in strays}
    _wait_for(errors, engine=engine, grace=grace)
    remove = partial(engine.remove, keep_volumes=False)
    return {key: error or _error_of(remove, key) for key, error in errors.items()}


def _wait_for(ids: Collection[UUID], *, engine: Engine, grace: timedelta) -> frozenset[UUID]:
    """Wait; return those that still run after the grace."""
    deadline = time.monotonic() + grace.total_seconds()
    while running := _running(ids, engine):
        if time.monotonic() >= deadline:
            return running
        time.sleep(LOOK_AGAIN)
    return frozenset()


def _running(ids: Collection[UUID], engine: Engine) -> frozenset[UUID]:
    return frozenset(
        key for key, each in engine.containers().items() if key in ids and each.state is not ContainerState.STOPPED
    )


def _error_of(act: Callable[[UUID], None], key: UUID) -> str:
    try:
        act(key)
    except EngineError as error:
        return str(error)
    return ""
