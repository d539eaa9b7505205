"""Nothing leaks: what the engine holds for no live workspace is released, what should run and does not is started.

`survey` compares and changes nothing; `mend` makes the rows say what is to be done, and the worker does it as always.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.emitting import Event, emit
from workspaces.core.steps import State
from workspaces.core.sweeping import Finding, Held, Known, Sweep, plan_sweep
from workspaces.engines.base import Engine
from workspaces.errors import EngineError
from workspaces.models import Container, Status, Workspace
from workspaces.services.containers import ABSENT, RUNNING, want_running
from workspaces.services.history import record_history
from workspaces.services.locking import lock_where_free
from workspaces.services.outcomes import WORKER
from workspaces.services.reasons import Reasons
from workspaces.services.telling import workspace_event

DOUBTFUL = (
    "%d of the %d workspaces that the engine holds anything for are not in this database. Is it a copy, or a backup? "
    "They stay until somebody runs `manage.py sweep --force`."
)

# What was written down so shortly before the engine was asked may be news to it.
FRESH = timedelta(seconds=10)
LOOK_AGAIN = 0.25  # seconds


def survey(engine: Engine) -> Sweep:
    """Compare the engine with the database. Raises EngineError."""
    settled_before = timezone.now() - FRESH
    containers, volumes = engine.containers(), engine.volumes()  # first: what is made later has a row already
    held = {
        key: Held(state=containers[key].state if key in containers else None, volumes=volumes.get(key, ()))
        for key in {*containers, *volumes}
    }
    return plan_sweep(tuple(_known(held, settled_before)), held)


def _known(held: Mapping[UUID, Held], settled_before: datetime) -> Iterator[Known]:
    """Every live workspace, and the removed ones of which the engine holds something."""
    columns = (
        "id", "name", "status", "external", "container__desired", "container__keep_volumes", "container__due_at",
        "container__changed_at",
    )  # fmt: skip
    rows = Workspace.objects.live() | Workspace.objects.filter(id__one_of=held.keys())
    for key, name, status, external, desired, keep, due_at, changed_at in rows.order_by().values_list(*columns):
        settled = due_at is None and changed_at < settled_before if desired else None
        live = status != Status.REMOVED
        yield Known(id=key, name=name, live=live, external=external, settled=settled, keep_volumes=bool(keep))


def mend(sweep: Sweep) -> None:
    """Make what has rows due, where they still say the same under the lock; `sweep.strays` have none."""
    if sweep.phantoms:
        _start_again(sweep.phantoms)
    if leftovers := [each.id for each in sweep.ghosts if each not in sweep.strays]:
        _release_again(leftovers)


def release_strays(strays: Sequence[Finding], *, engine: Engine, grace: timedelta) -> dict[UUID, str]:
    """Ask all of them to stop, give them the grace, remove them with their volumes. Id → why one stays, "" for gone."""
    errors = {stray.id: _error_of(engine.ask_to_stop, stray.id) for stray in strays}
    deadline = time.monotonic() + grace.total_seconds()
    while time.monotonic() < deadline and _any_runs(engine, errors):
        time.sleep(LOOK_AGAIN)
    return {key: error or _error_of(partial(engine.remove, keep_volumes=False), key) for key, error in errors.items()}


def _any_runs(engine: Engine, ids: Collection[UUID]) -> bool:
    return any(each.state is not State.STOPPED for key, each in engine.containers().items() if key in ids)


def _error_of(act: Callable[[UUID], None], key: UUID) -> str:
    try:
        act(key)
    except EngineError as error:
        return str(error)
    return ""


def tell_released(strays: Collection[UUID]) -> None:
    """Say that they are gone. They belong to no organization that this site knows."""
    if strays:
        emit(
            [
                Event(
                    event_type="workspace.released",
                    organization="",
                    actor=WORKER.name,
                    workspace_id=key,
                    payload={"name": "", "parent_id": None, "why": "no workspace has this id"},
                )
                for key in strays
            ]
        )


def _start_again(findings: Sequence[Finding]) -> None:
    why, now = {each.id: each.why for each in findings}, timezone.now()
    with transaction.atomic():
        live = {row.pk: row for row in _locked(why) if row.is_live}
        rows = Container.objects.filter(workspace__one_of=live)
        known = set(rows.values_list("pk", flat=True))
        settled = rows.filter(desired=RUNNING, due_at=None)
        again = set(settled.values_list("pk", flat=True)) | (live.keys() - known)
        settled.update(observed=Container.Observed.ABSENT, due_at=now, asked_at=None, changed_at=now)
        want_running(live.keys() - known, import_id=None, now=now)
        _provision_again([row for key, row in live.items() if key in again], why=why, now=now)


def _provision_again(rows: Sequence[Workspace], *, why: Mapping[UUID, str], now: datetime) -> None:
    ids = [row.pk for row in rows]
    Workspace.objects.live().filter(id__one_of=ids).update(status=Status.PROVISIONING, updated_at=now)
    record_history(Reasons(ids, [why[key] for key in ids]), kind="~", actor=WORKER, now=now)
    emit(
        [
            workspace_event(
                "provisioning",
                workspace_id=row.pk,
                name=row.name,
                parent_id=row.parent_id,
                organization=row.organization.slug,
                actor=WORKER,
                why=why[row.pk],
                again=True,
            )
            for row in rows
        ]
    )


def _release_again(ids: Sequence[UUID]) -> None:
    """Removed workspaces. Those without a row get one, so that a failure is seen; `released` is not told twice."""
    now = timezone.now()
    with transaction.atomic():
        removed = {row.pk for row in _locked(ids) if not row.is_live}
        rows = Container.objects.filter(workspace__one_of=removed)
        unknown = removed - set(rows.values_list("pk", flat=True))
        want_running(unknown, import_id=None, now=now)
        rows.filter(workspace__one_of=unknown).update(released_at=now)
        rows.filter(Q(due_at=None) | Q(desired=RUNNING)).update(
            desired=ABSENT, due_at=now, asked_at=None, attempts=0, changed_at=now
        )


def _locked(ids: Collection[UUID]) -> list[Workspace]:
    """The workspaces as they are under their organizations' locks; those of a busy one have to wait."""
    rows = Workspace.objects.filter(id__one_of=ids)
    free = lock_where_free(dict(rows.values_list("pk", "organization")))
    return list(rows.filter(id__one_of=free).select_related("organization").order_by("pk"))
