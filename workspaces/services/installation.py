"""This site's name on its engine, and what a worker last saw of that engine."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from workspaces.models import Installation

ONLY = 1


def installation() -> Installation:
    """The one row. A new site gets a name nobody else has: two sites on one engine must never take each other's
    containers for leftovers. ORGSITE_INSTALLATION sets the name instead."""
    row, _ = Installation.objects.get_or_create(pk=ONLY, defaults={"name": _name()})
    if settings.ORGSITE_INSTALLATION and row.name != settings.ORGSITE_INSTALLATION:
        Installation.objects.filter(pk=ONLY).update(name=settings.ORGSITE_INSTALLATION)
        row.refresh_from_db()
    return row


def last_seen() -> Installation:
    """What workers wrote down about the engine; changes nothing."""
    return Installation.objects.filter(pk=ONLY).first() or Installation()


def note_engine(*, engine: str = "", error: str = "") -> None:
    """It answered, with what it says of itself, or it did not."""
    if error:
        Installation.objects.filter(pk=ONLY).update(engine_error=error)
    else:
        Installation.objects.filter(pk=ONLY).update(engine=engine, engine_error="", engine_seen_at=timezone.now())


def _name() -> str:
    return settings.ORGSITE_INSTALLATION or f"site-{uuid4().hex[:12]}"
