"""This site on its engine: its name there, the engine's last known state, and whether this is the database that its
containers were made from.

Each container is labelled with the newest event at its making, the epoch. A label whose event is missing here, or is a
different one, means that the database was restored from a backup, or is a copy or a foreign one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import timedelta
from types import MappingProxyType
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from audit.emitting import emit, event_of
from audit.event_payloads import DatabaseAccepted
from audit.event_types import DATABASE_ACCEPTED
from audit.models import StructureEvent
from lib.bulk import insert_rows
from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.containers.epoch_mark import epoch_of, event_id
from workspaces.core.containers.lifecycle import Desired, Observed
from workspaces.errors import InstallationRenamed
from workspaces.models import Container, Installation, Stray, UnknownEpoch

logger = logging.getLogger(__name__)

ONLY = 1
LATELY = timedelta(seconds=90)


def installation() -> Installation:
    """The one row. A new site gets a unique name: two sites on one engine must never take each other's containers for
    leftovers. ORGSITE_INSTALLATION sets the name instead.

    Raises InstallationRenamed if containers carry another name.
    """
    row, _ = Installation.objects.get_or_create(pk=ONLY, defaults={"name": _name()})
    wanted = settings.ORGSITE_INSTALLATION
    if wanted and row.name != wanted:
        if _labelled().exists():
            raise InstallationRenamed(
                f"ORGSITE_INSTALLATION is {wanted}, but the containers or volumes of this site are labelled "
                f"{row.name}. Set it to {row.name}, or leave it out."
            )
        Installation.objects.filter(pk=ONLY).update(name=wanted)
        row.refresh_from_db()
    return row


def _labelled() -> QuerySet[Container]:
    """The ones with things on the engine: a container, or volumes that wait or are kept."""
    unmade = Q(desired=Desired.RUNNING, observed=Observed.ABSENT)
    data = Q(keep_volumes=True) | Q(purge_at__isnull=False)
    return Container.objects.filter(Q(released_at=None) | data).exclude(unmade)


def lock_installation() -> None:
    """Let one process at a time change the strays; inside a transaction, which on SQLite is the lock."""
    list(Installation.objects.select_for_update(no_key=True).filter(pk=ONLY))


def claim_sweep(every: timedelta) -> bool:
    """Whether it is this worker's turn: only one of all sweeps in that time."""
    now = database_now()
    waited = Q(swept_at=None) | Q(swept_at__lte=now - every)
    return bool(Installation.objects.filter(waited, pk=ONLY).update(swept_at=now))


def last_seen() -> Installation:
    """The engine's state as workers recorded it; changes nothing."""
    return Installation.objects.filter(pk=ONLY).first() or Installation()


def note_engine(worker: str, *, engine: str, nodes: Mapping[str, bool] = MappingProxyType({})) -> None:
    """Record the engine's answer about itself and its machines, as in `Engine.nodes`."""
    seen = {"engine": engine[:255], "engine_error": "", "engine_seen_at": database_now(), "engine_seen_by": worker}
    Installation.objects.filter(pk=ONLY).update(**seen, nodes=dict(nodes))


def note_engine_away(worker: str, *, error: str) -> bool:
    """Record that it does not answer, and return True, unless another worker has seen it a moment ago: then the fault
    is this worker's."""
    lately = Installation.objects.filter(pk=ONLY, engine_seen_at__gt=database_now() - LATELY)
    if lately.exclude(engine_seen_by=worker).exists():
        return False
    Installation.objects.filter(pk=ONLY).update(engine_error=error)
    return True


def _name() -> str:
    return settings.ORGSITE_INSTALLATION or f"site-{uuid4().hex[:12]}"


# Danger: labels of running containers were made of these: with one more or less, no label would be known any more.
COLUMNS = ("id", "event_type", "organization", "workspace_id", "import_id", "actor", "payload", "created_at")
LONGEST = 64  # characters of a label that are kept; ours are shorter
RESTORED = (
    "Containers on the engine were made from events that this database does not hold: it was restored from a backup, "
    "or it is a copy or another site's. Nothing unknown is touched, and no removal is carried out. Look at "
    "`manage.py sweep --dry-run`. If this is the right database, run `manage.py sweep --accept`; if not, stop the "
    "worker and correct DATABASE_URL or ORGSITE_INSTALLATION."
)
HELD_BACK = (
    "This removal waits, because the database may have been restored from a backup, or be a copy. Look at "
    "`manage.py sweep --dry-run`; if it is the right database, run `manage.py sweep --accept`."
)


def newest_epoch() -> str:
    """The label of a container that is made now; "" before the first event. Outside of a transaction, so that
    the event is committed: one that is rolled back would name nothing."""
    newest = StructureEvent.objects.order_by("-id").values(*COLUMNS).first()
    return epoch_of(newest) if newest else ""


def unknown_epochs(epochs: Collection[str]) -> frozenset[str]:
    """The labels without an event in this database. One query."""
    ids = {number for epoch in epochs if (number := event_id(epoch))}
    if not ids:
        return frozenset(epochs)
    rows = StructureEvent.objects.filter(pk__one_of=ids).order_by().values(*COLUMNS)
    return frozenset(epochs) - {epoch_of(row) for row in rows.iterator()}


def disputed_epochs(epochs: Collection[str]) -> frozenset[str]:
    """The unknown labels that were not accepted. Changes nothing."""
    unknown = {epoch[:LONGEST] for epoch in unknown_epochs(epochs)}
    accepted = UnknownEpoch.objects.filter(epoch__one_of=unknown, accepted_at__isnull=False)
    return frozenset(unknown - set(accepted.values_list("epoch", flat=True))) if unknown else frozenset()


def note_epochs(epochs: Collection[str]) -> bool:
    """Write down disputed ones; return whether any written down so far is not accepted yet."""
    disputed = disputed_epochs(epochs)
    if disputed and disputed - _noted(disputed):
        with transaction.atomic():
            lock_installation()
            new = sorted(disputed - _noted(disputed))
            same = {"first_seen_at": database_now(), "accepted_by": ""}
            insert_rows(UnknownEpoch, ["epoch"], [[epoch] for epoch in new], same=same)
    return is_restored()


def is_restored() -> bool:
    """Whether the database is disputed. Only a person ends that, by `accept_epochs`."""
    return UnknownEpoch.objects.filter(accepted_at=None).exists()


def accept_epochs(*, actor: Actor) -> int:
    """Accept this database as the right one; return how many labels were accepted. From now on each stray has its
    quarantine, and the removals that waited are due."""
    now = database_now()
    with transaction.atomic():
        lock_installation()
        accepted = UnknownEpoch.objects.filter(accepted_at=None).update(accepted_at=now, accepted_by=actor.name)
        if accepted:
            strays = Stray.objects.update(first_seen_at=now)
            Container.objects.filter(desired=Desired.ABSENT, due_at__gt=now).update(due_at=now)
            facts: DatabaseAccepted = {"epochs": accepted, "strays": strays}
            emit([event_of(DATABASE_ACCEPTED, facts, organization="", actor=actor.name)])
    return accepted


def _noted(epochs: Collection[str]) -> set[str]:
    return set(UnknownEpoch.objects.filter(epoch__one_of=epochs).values_list("epoch", flat=True))
