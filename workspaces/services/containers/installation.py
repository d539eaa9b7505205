"""This site's name on its engine, and the last known state of that engine."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db.models import Q

from lib.database_clock import database_now
from workspaces.core.containers.lifecycle import Desired, Observed
from workspaces.errors import InstallationRenamed
from workspaces.models import Container, Installation

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
        unmade = Q(desired=Desired.RUNNING, observed=Observed.ABSENT)
        if Container.objects.filter(released_at=None).exclude(unmade).exists():
            raise InstallationRenamed(
                f"ORGSITE_INSTALLATION is {wanted}, but the containers of this site are labelled {row.name}. Set it to "
                f"{row.name}, or leave it out."
            )
        Installation.objects.filter(pk=ONLY).update(name=wanted)
        row.refresh_from_db()
    return row


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


def note_engine(worker: str, *, engine: str) -> None:
    """Record the engine's answer about itself."""
    seen = {"engine": engine[:255], "engine_error": "", "engine_seen_at": database_now(), "engine_seen_by": worker}
    Installation.objects.filter(pk=ONLY).update(**seen)


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
