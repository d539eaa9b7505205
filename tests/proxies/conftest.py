"""Fixtures for the proxies' tests: one database for all sites, and the client addresses that it has recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.plugin import DjangoDbBlocker

from audit.models import StructureEvent
from tests.databases import Database, migrated_database

FAILED_LOGINS = 3
HTTPS = {"ORGSITE_URL": "https://orgs.example", "ORGSITE_TRUSTED_PROXIES": "127.0.0.2, 127.0.0.3"}


@pytest.fixture(scope="package")
def database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with migrated_database(tmp_path_factory.mktemp("proxies"), unblock=django_db_blocker.unblock) as database:
        database.ask(User.objects.create_superuser, "root", password="root-secret")
        yield database


@pytest.fixture(scope="package")
def usual() -> dict[str, Any]:
    """`tests.settings` hash passwords fast."""
    return {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ORGSITE_ALLOWED_HOSTS": "orgs.example",
        "ORGSITE_FAILED_LOGINS": str(FAILED_LOGINS),
    }


@pytest.fixture
def seen(database: Database) -> Callable[[], str]:
    """The address of whoever failed to log in last."""

    def address() -> str:
        failed = StructureEvent.objects.filter(event_type="security.login_failed")
        return str(database.ask(lambda: failed.latest("id").payload["address"]))

    return address
