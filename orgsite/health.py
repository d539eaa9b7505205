"""`/healthz`: the process is up. `/readyz`: it can do its work. Strangers hear states, never names or messages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from orgsite import writable
from orgsite.clock import database_now
from orgsite.database_errors import explained
from workspaces.api import schema
from workspaces.api.base import ApiView
from workspaces.models import Container, ImportRun
from workspaces.services.containers import engine_runs
from workspaces.services.epochs import is_restored
from workspaces.services.installation import last_seen
from workspaces.services.strays import summary

logger = logging.getLogger(__name__)

STUCK = timedelta(minutes=10)  # an import takes seconds; housekeeping closes an abandoned one within a minute
UNSEEN = timedelta(minutes=3)  # a worker looks at the engine every minute


@schema.healthz
class HealthView(ApiView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


@schema.readyz
class ReadyView(ApiView):
    permission_classes = [AllowAny]

    def perform_authentication(self, request: Request) -> None:
        """Only once the database is known to answer."""

    def get(self, request: Request) -> Response:
        checks = readiness()
        ready = set(checks.values()) == {"ok"}
        answer: dict[str, Any] = {"status": "ok" if ready else "unavailable", "checks": checks}
        if checks["database"] == checks["migrations"] == "ok" and _is_known(request):
            answer |= _numbers()
        return Response(answer, status=200 if ready else 503)


def readiness() -> dict[str, str]:
    """Check → state, `ok` or a word for what is wrong. A database that is away is asked once, not once a check."""
    checks: dict[str, Callable[[], str]] = {
        "migrations": _migrations,
        "writes": writable.database_state,
        "engine": engine_state,
        "backlog": _backlog,
        "origin": _origin,
    }
    database = _state(_database)
    states = {name: _state(check) if database == "ok" else "unavailable" for name, check in checks.items()}
    return {"database": database, **states, "uploads": _state(writable.uploads_state)}


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
    """As the workers last saw it: this process may not even have a way to the engine."""
    if not engine_runs():
        return "ok"
    seen = last_seen()
    if seen.engine_error:
        return "away"
    return "ok" if seen.engine_seen_at and seen.engine_seen_at > database_now() - UNSEEN else "unseen"


def _backlog() -> str:
    since = database_now() - STUCK
    waiting = Container.objects.filter(due_at__lt=since)  # whoever may have leased it
    behind = _open_runs().filter(started_at__lt=since).exists() or waiting.exists()
    return "behind" if behind else "ok"


def _origin() -> str:
    """Whether the engine's containers were made from this database, or from one that this is a backup or a copy of."""
    return "restored" if engine_runs() and is_restored() else "ok"


def _numbers() -> dict[str, Any]:
    """What a user hears besides: how much waits, and the engine's own words."""
    waiting = Container.objects.filter(due_at__isnull=False)
    seen = last_seen()
    return {
        "open_runs": _open_runs().count(),
        "containers_due": waiting.count(),
        "containers_failing": waiting.exclude(last_error="").count(),
        "strays": summary().count,
        "engine": {"name": settings.ORGSITE_ENGINE, "said": seen.engine, "error": seen.engine_error},
    }


def _open_runs() -> Any:
    return ImportRun.objects.filter(state=ImportRun.State.RUNNING)


def _is_known(request: Request) -> bool:
    try:
        return request.user.is_authenticated
    except APIException:
        return False
