"""Readiness of this site: a state for each check, `ok` or a word for the fault; and the work that is overdue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import QuerySet

from lib.database_clock import database_now
from lib.database_errors import explained
from lib.optional_writes import database_state, uploads_state
from workspaces.models import Container, ImportRun, Organization, Workspace
from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.containers.installation import is_restored, last_seen
from workspaces.services.sweep.strays import summary

if TYPE_CHECKING:
    from workspaces.access import AnyUser

logger = logging.getLogger(__name__)

STUCK = timedelta(minutes=10)  # an import takes seconds; housekeeping closes an abandoned one within a minute
UNSEEN = timedelta(minutes=3)  # a worker calls the engine every minute
LATE = timedelta(minutes=1)
OVERDUE_COUNTED = 1_000


def readiness() -> dict[str, str]:
    """Check → state, `ok` or a word for the fault. If the database is away, the other checks do not query it."""
    checks: dict[str, Callable[[], str]] = {
        "migrations": _migrations,
        "writes": database_state,
        "engine": engine_state,
        "backlog": _backlog,
        "origin": _origin,
    }
    database = _state(_database)
    states = {name: _state(check) if database == "ok" else "unavailable" for name, check in checks.items()}
    return {"database": database, **states, "uploads": _state(uploads_state)}


def _state(check: Callable[[], str]) -> str:
    try:
        return check()
    except (Error, OSError) as error:
        logger.warning("not ready: %s", explained(error))
        return "unavailable"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def engine_state() -> str:
    """The engine's state as reported by the workers: this process may have no access to the engine."""
    if not engine_runs():
        return "ok"
    report = last_seen()
    if report.engine_error:
        return "away"
    return "ok" if report.engine_seen_at and report.engine_seen_at > database_now() - UNSEEN else "unseen"


def _backlog() -> str:
    since = database_now() - STUCK
    waiting = Container.objects.filter(due_at__lt=since)  # leased or not
    behind = _open_runs().filter(started_at__lt=since).exists() or waiting.exists()
    return "behind" if behind else "ok"


def _origin() -> str:
    """`restored` if the engine's containers were made from another database, of which this one is a backup or copy."""
    return "restored" if engine_runs() and is_restored() else "ok"


def backlog_numbers() -> dict[str, Any]:
    """The number of waiting tasks, and the engine's last messages."""
    waiting = Container.objects.filter(due_at__isnull=False)
    report = last_seen()
    return {
        "open_runs": _open_runs().count(),
        "containers_due": waiting.count(),
        "containers_failing": waiting.exclude(last_error="").count(),
        "strays": summary().count,
        "engine": {"name": settings.ORGSITE_ENGINE, "said": report.engine, "error": report.engine_error},
    }


def _open_runs() -> Any:
    return ImportRun.objects.filter(state=ImportRun.State.RUNNING)


def overdue_since(user: AnyUser) -> datetime | None:
    """The time since when the oldest overdue container waits (due for over a minute), of organizations that the user
    may see; None if none does.
    """
    mine = _overdue().filter(workspace__organization__in=Organization.objects.visible_to(user))
    return mine.values_list("due_at", flat=True).first()


def count_overdue(user: AnyUser) -> tuple[int, bool]:
    """Their number among the oldest OVERDUE_COUNTED of all, and whether that is exact: if there are more, some of them
    may be the user's. Two queries: one that joins would read every workspace.
    """
    ids = list(_overdue().values_list("pk", flat=True)[: OVERDUE_COUNTED + 1])
    visible = Organization.objects.visible_to(user)
    mine = Workspace.objects.filter(id__one_of=ids[:OVERDUE_COUNTED], organization__in=visible)
    return mine.count(), len(ids) <= OVERDUE_COUNTED


def _overdue() -> QuerySet[Container]:
    return Container.objects.filter(due_at__lt=database_now() - LATE).order_by("due_at")
