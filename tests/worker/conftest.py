"""Fixtures with real workers, real engines, and a database that workers and tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import Database, migrated_database
from tests.machines import Machine, clear
from tests.worker.yard import SAM, Yard
from workspaces.core.containers.lifecycle import Observed
from workspaces.models import Container, Installation, Workspace
from workspaces.services.removal.cascading import cascade_delete


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_DATA_GRACE = "docker", 0  # most tests look at what is left at once


@pytest.fixture(scope="session")
def database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with migrated_database(tmp_path_factory.mktemp("worker"), unblock=django_db_blocker.unblock) as database:
        yield database


@pytest.fixture
def yard(docker: Machine, database: Database, tmp_path: Path) -> Iterator[Yard]:
    yield Yard(database, docker, tmp_path)
    database.ask(remove_everything)
    with docker.api() as api:
        clear(api)


def remove_everything() -> None:
    """All organizations of a database are one installation: the next test's worker would serve this one's too."""
    roots = Workspace.objects.live().filter(parent=None)
    cascade_delete(list(roots.values_list("pk", flat=True)), actor=SAM)
    nothing_left = {"observed": Observed.ABSENT, "due_at": None, "released_at": timezone.now()}
    Container.objects.update(**nothing_left, keep_volumes=False, purge_at=None)
    Installation.objects.update(swept_at=None, engine_seen_at=None)
