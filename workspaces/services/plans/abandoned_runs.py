"""Runs whose process is gone: found, and closed as interrupted."""

from __future__ import annotations

import logging
import socket
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connection, transaction

from lib.database_clock import database_now
from workspaces.access import SYSTEM
from workspaces.models import ImportRun, Organization
from workspaces.services.plans.runs import fail_run, is_at_work, start_time, this_process

logger = logging.getLogger(__name__)

# A run whose process cannot be asked (it ran on another host) counts as abandoned when it has stood open for longer
# than it may wait for its lock, and so many seconds more.
GRACE = 10


def close_interrupted() -> int:
    """Close the runs whose process is gone, as failed with the error "interrupted"; return how many.

    An import commits its changes and its run's end together, so a run still open under a free lock changed nothing.
    """
    open_runs = ImportRun.objects.filter(state=ImportRun.State.RUNNING).select_related("organization")
    return sum(_close_if_abandoned(run) for run in open_runs.order_by("started_at"))


def owner_is_gone(run: ImportRun) -> bool:
    """Whether this open run's process is gone; `close_interrupted` will close it."""
    if run.owner == this_process():
        return not is_at_work(run.pk)
    host, process, started = run.owner.rsplit("/", 2)
    if host == socket.gethostname() and started:
        return start_time(int(process)) != started
    return database_now() - run.started_at > timedelta(seconds=settings.ORGSITE_LOCK_TIMEOUT + GRACE)


def _close_if_abandoned(run: ImportRun) -> bool:
    if not owner_is_gone(run):
        return False
    try:
        with transaction.atomic():
            free = Organization.objects.filter(pk=run.organization_id)
            if connection.features.has_select_for_update_skip_locked:
                free = free.select_for_update(skip_locked=True)
            return bool(free) and fail_run(run, "interrupted", actor=SYSTEM.name)
    except DatabaseFailure:
        logger.exception("run %s could not be closed; trying again later", run.pk)
        return False
