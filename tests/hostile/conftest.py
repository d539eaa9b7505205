"""One running site for all hostile requests, with short timeouts, so that the tests need not wait long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.hostile.inside import Inside
from tests.sites import Site, new_site

PATIENCE = 1  # seconds


@pytest.fixture(scope="package")
def site(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    short = {"ORGSITE_HEAD_TIMEOUT": str(PATIENCE), "ORGSITE_BODY_TIMEOUT": str(PATIENCE), "ORGSITE_THROTTLE": "off"}
    with new_site(tmp_path_factory.mktemp("hostile"), unblock=django_db_blocker.unblock, **short) as site:
        yield site


@pytest.fixture(scope="package")
def inside(site: Site) -> Inside:
    return Inside(site)
