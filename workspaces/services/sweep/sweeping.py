"""Nothing leaks: leftovers of removed workspaces are released, missing containers are started, and strays are named,
put into quarantine and never destroyed.

`survey` compares and changes nothing; `mend` writes the work into the rows, and the worker does it as always.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from lib.database_clock import database_now
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.containers.lifecycle import Desired
from workspaces.core.containers.sweep_plan import Finding, Held, Known, Sweep, Unknown, plan_sweep
from workspaces.engines.base import Engine, FoundContainer
from workspaces.models import Container, Organization, Status, Workspace
from workspaces.services.containers.container_results import WORKER
from workspaces.services.containers.desired_state import fate_of_volumes, want_each_running
from workspaces.services.containers.installation import RESTORED, note_epochs
from workspaces.services.containers.losses import note_losses
from workspaces.services.containers.restarts import provision_again
from workspaces.services.sweep.strays import note_strays, overdue, with_names

logger = logging.getLogger(__name__)

ON, OFF = "on", "off"  # of ORGSITE_SWEEP; the other one is `report`

# Rows written so shortly before the engine's answer may be newer than that.
FRESH = timedelta(seconds=10)


def survey(engine: Engine) -> Sweep:
    """Compare the engine with the database. Raises EngineError."""
    settled_before = database_now() - FRESH
    containers, volumes = engine.containers(), engine.volumes()  # first: things made later have a row already
    held = {key: _held(containers.get(key), volumes.get(key, ())) for key in {*containers, *volumes}}
    plan = plan_sweep(tuple(_known(held, settled_before)), held)
    return replace(plan, strays=with_names(plan.strays))


def _held(found: FoundContainer | None, volumes: tuple[str, ...]) -> Held:
    if found is None:
        return Held(volumes=volumes)
    return Held(
        state=found.state,
        twice=bool(found.others),
        volumes=volumes,
        name=found.name,
        organization=found.organization,
        epoch=found.epoch,
    )


def _known(held: Mapping[UUID, Held], settled_before: datetime) -> Iterator[Known]:
    """Every live workspace, and the removed ones with things on the engine."""
    columns = (
        "id", "name", "status", "external", "container__desired", "container__keep_volumes", "container__purge_at",
        "container__due_at", "container__changed_at",
    )  # fmt: skip
    rows = Workspace.objects.live() | Workspace.objects.filter(id__one_of=held.keys())
    for key, name, status, external, desired, keep, purge_at, due_at, changed_at in rows.order_by().values_list(
        *columns
    ):
        settled = due_at is None and changed_at < settled_before if desired else None
        yield Known(
            id=key,
            name=name,
            live=status != Status.REMOVED,
            external=external,
            settled=settled,
            keeps_data=bool(keep) or purge_at is not None,
        )


def mend(sweep: Sweep) -> tuple[Unknown, ...]:
    """Make rows due, and write down strays. Return the strays to stop now.

    For a restored or foreign database, workspaces that should run are started, and nothing else happens. ORGSITE_SWEEP
    decides whether anything but that happens at all.
    """
    restored = note_epochs(sweep.epochs)
    if sweep.phantoms:
        _start_again(sweep.phantoms)
    note_strays(sweep.strays if settings.ORGSITE_SWEEP != OFF else ())
    if restored:
        logger.error(RESTORED)
        return ()
    if settings.ORGSITE_SWEEP == ON and sweep.leftovers:
        _release_again([each.id for each in sweep.leftovers])
    return _to_stop(sweep)


def _to_stop(sweep: Sweep) -> tuple[Unknown, ...]:
    if settings.ORGSITE_SWEEP == OFF:
        return ()
    strays = overdue(sweep.strays)
    if settings.ORGSITE_SWEEP == ON:
        return strays
    for what, found in (("released, as its workspace is removed", sweep.leftovers), ("stopped", strays)):
        if found:
            names = ", ".join(f"ws-{each.id}" for each in found)
            logger.warning("Would be %s, but ORGSITE_SWEEP is report: %s", what, names)
    return ()


def _start_again(findings: Sequence[Finding]) -> None:
    why, now = {each.id: each.why for each in findings}, database_now()
    with transaction.atomic():
        live = {row.pk: row for row in _locked(why) if row.is_live}
        rows = Container.objects.filter(workspace__one_of=live)
        known = set(rows.values_list("pk", flat=True))
        settled = rows.filter(desired=Desired.RUNNING, due_at=None).select_related("workspace__organization")
        again = note_losses(settled, why=why, now=now) | (live.keys() - known)
        want_each_running((row for key, row in live.items() if key not in known), now=now)
        provision_again([key for key in live if key in again], why=why, actor=WORKER, now=now)


def _release_again(ids: Sequence[UUID]) -> None:
    """Release removed workspaces again. Those without a row get one, to show a failure; `released` has one event.

    Volumes about which nothing was decided have their time from now on: to have them destroyed takes a removal.
    """
    now = database_now()
    with transaction.atomic():
        removed = {row.pk: row for row in _locked(ids) if not row.is_live}
        rows = Container.objects.filter(workspace__one_of=removed)
        unknown = removed.keys() - set(rows.values_list("pk", flat=True))
        want_each_running((removed[key] for key in unknown), now=now)
        rows.filter(workspace__one_of=unknown).update(released_at=now)
        rows.filter(desired=Desired.RUNNING).update(**fate_of_volumes(DataPolicy.WAIT, now=now))
        rows.filter(Q(due_at=None) | Q(desired=Desired.RUNNING)).update(
            desired=Desired.ABSENT, due_at=now, asked_at=None, attempts=0, losses=0, changed_at=now
        )


def _locked(ids: Collection[UUID]) -> list[Workspace]:
    """The workspaces, read under their organizations' locks, without those of busy ones."""
    rows = Workspace.objects.filter(id__one_of=ids)
    free = Organization.objects.lock_where_free(dict(rows.values_list("pk", "organization")))
    return list(rows.filter(id__one_of=free).select_related("organization").order_by("pk"))
