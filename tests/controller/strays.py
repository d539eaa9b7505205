"""Strays for tests: containers and volumes in the fake engine without a workspace, and the passing of quarantine."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

from django.core.management import call_command
from django.utils import timezone

from workspaces.engines.base import Wanted
from workspaces.engines.fake import FakeEngine
from workspaces.models import Installation, Stray
from workspaces.services.sweep.sweeping import mend, survey

FOREIGN = f"999999:{'0' * 32}"  # an epoch that no event has


def add_stray(engine: FakeEngine, *, name: str = "Stray", epoch: str = "") -> UUID:
    key = uuid4()
    engine.start(Wanted(workspace_id=key, organization="gone", name=name, image="agent:1", epoch=epoch))
    return key


def sweep(engine: FakeEngine) -> Any:
    """A worker's work of each minute, up to the strays that it would stop now."""
    return mend(survey(engine))


def time_passes(**period: int) -> None:
    """For the strays that are known; and the next sweep is due."""
    for row in Stray.objects.all():
        Stray.objects.filter(pk=row.pk).update(first_seen_at=row.first_seen_at - timedelta(**period))
    Installation.objects.update(swept_at=timezone.now() - timedelta(minutes=10))


def left(engine: FakeEngine) -> tuple[set[UUID], set[UUID]]:
    """Workspace ids with a running container, and with volumes."""
    running = {key for key, each in engine.containers().items() if each.state.value == "running"}
    return running, set(engine.volumes())


def manage(*arguments: str) -> str:
    """The output of `manage.py sweep`."""
    printed = StringIO()
    call_command("sweep", *arguments, stdout=printed, stderr=printed)
    return printed.getvalue()
