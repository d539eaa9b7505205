"""The things removed with a workspace: container, volumes, tokens, schedules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lib.database_clock import database_now
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.engines.naming import volume_names
from workspaces.models import Container, Schedule, WorkspaceToken
from workspaces.services.containers.desired_state import fate_of_volumes


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """Of one workspace: the names of its volumes (none: a record without a container), the bytes in them (None:
    unknown), their deadline if it were removed now (None: destroyed at once), the number of its unrevoked tokens, the
    names of its schedules."""

    volumes: tuple[str, ...] = ()
    bytes: int | None = None
    kept_until: datetime | None = None
    tokens: int = 0
    schedules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """Of several workspaces together."""

    containers: int
    volumes: int
    bytes: int | None
    kept_until: datetime | None
    tokens: int
    schedules: int


def kept_until() -> datetime | None:
    """Until when the data of a removal of now would be kept; None: it would be destroyed at once."""
    until: datetime | None = fate_of_volumes(DataPolicy.WAIT, now=database_now())["purge_at"]
    return until


def holdings(ids: Collection[UUID]) -> dict[UUID, Holdings]:
    """The holdings of each workspace: three queries for any number of them."""
    usable = WorkspaceToken.objects.filter(workspace__one_of=ids, revoked_at=None)
    tokens = Counter(usable.values_list("workspace_id", flat=True))
    schedules: dict[UUID, list[str]] = {}
    for key, name in Schedule.objects.filter(workspace__one_of=ids).values_list("workspace_id", "name"):
        schedules.setdefault(key, []).append(name)
    held = Container.objects.filter(workspace__one_of=ids, released_at=None)
    sizes, until = dict(held.values_list("pk", "volume_bytes")), kept_until()
    return {
        key: Holdings(
            volumes=tuple(sorted(volume_names(key).values())) if key in sizes else (),
            bytes=sizes.get(key),
            kept_until=until if key in sizes else None,
            tokens=tokens[key],
            schedules=tuple(schedules.get(key, ())),
        )
        for key in ids
    }


def total(every: Iterable[Holdings]) -> Total:
    """The sum of them."""
    all_of_them = list(every)
    known = [each.bytes for each in all_of_them if each.bytes is not None]
    return Total(
        containers=sum(1 for each in all_of_them if each.volumes),
        volumes=sum(len(each.volumes) for each in all_of_them),
        bytes=sum(known) if known else None,
        kept_until=next((each.kept_until for each in all_of_them if each.kept_until), None),
        tokens=sum(each.tokens for each in all_of_them),
        schedules=sum(len(each.schedules) for each in all_of_them),
    )
