"""Readiness of this site: a state for each check, `ok` or a word for the fault."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from lib import write_probe
from lib.database_clock import database_now
from lib.database_errors import explained
from workspaces.models import Container, ImportRun
from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.containers.installation import is_restored, last_seen
from workspaces.services.sweep.strays import summary

logger = logging.getLogger(__name__)

STUCK = timedelta(minutes=10)  # an import takes seconds; housekeeping closes an abandoned one within a minute
UNSEEN = timedelta(minutes=3)  # a worker calls the engine every minute


def readiness() -> dict[str, str]:
    """Check → state, `ok` or a word for the fault. If the database is away, the other checks do not query it."""
    checks: dict[str, Callable[[], str]] = {
        "migrations": _migrations,
        "writes": write_probe.database_state,
        "engine": engine_state,
        "backlog": _backlog,
        "origin": _origin,
    }
    database = _state(_database)
    states = {name: _state(check) if database == "ok" else "unavailable" for name, check in checks.items()}
    return {"database": database, **states, "uploads": _state(write_probe.uploads_state)}


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
