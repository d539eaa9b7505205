"""`docs/backup.md`, carried out beside a running engine: nothing is lost, whichever database the worker is given."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import Database, migrated_database, migrated_file
from tests.machines import Machine, clear
from tests.programs import program
from tests.sites import running_site
from tests.worker.manual import Manual
from tests.worker.yard import Yard
from workspaces.models import UnknownEpoch

AT_ONCE = {"ORGSITE_QUARANTINE": "0"}
BACK_UP = {"postgresql": "Back up: PostgreSQL", "sqlite": "Back up: SQLite"}
RESTORE = {"postgresql": "Restore: PostgreSQL", "sqlite": "Restore: SQLite"}


@contextmanager
def new_database(vendor: str, folder: Path, *, unblock: Any) -> Iterator[Database]:
    """A fresh one that nobody else uses, so that it may be dropped and restored."""
    folder.mkdir()
    made = migrated_file(folder / "site.sqlite3", unblock=unblock) if vendor == "sqlite" else None
    with made or migrated_database(folder, unblock=unblock) as database:
        yield database


@pytest.fixture(params=["postgresql", "sqlite"])
def vendor(request: pytest.FixtureRequest) -> str:
    if request.param == "postgresql" and connection.vendor != "postgresql":
        pytest.skip("this run has no PostgreSQL")
    return str(request.param)


@pytest.fixture
def own(docker: Machine, vendor: str, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Yard]:
    """A yard on a database of its own."""
    with new_database(vendor, tmp_path / "own", unblock=django_db_blocker.unblock) as database:
        yield Yard(database, docker, tmp_path)
    with docker.api() as api:
        clear(api)


@pytest.fixture
def manual(own: Yard, tmp_path: Path) -> Manual:
    program("docker")
    folder = tmp_path / "backup"
    folder.mkdir()
    file = own.environment["DATABASE_URL"].removeprefix("sqlite:///")
    more = {"BACKUP": str(folder), "DATABASE_FILE": file, "INSTALLATION": own.slug}
    return Manual("docs/backup.md", {**own.environment, **more})


def look(yard: Yard, *, until: Callable[[], bool], **environment: str) -> None:
    """A worker begins, looks at the engine, and ends once `until` holds and no container is due."""
    before = yard.said().count("worker stopped")
    with yard.worker(**environment):
        yard.until(lambda: yard.seen() and until() and yard.settled())
    yard.until(lambda: yard.said().count("worker stopped") > before)


def disputed(yard: Yard) -> int:
    return int(yard.ask(UnknownEpoch.objects.filter(accepted_at=None).count))


def readyz(yard: Yard, folder: Path) -> tuple[int, dict[str, Any]]:
    """The running site's answer to a stranger."""
    with running_site(
        folder, yard.database, **{k: v for k, v in yard.environment.items() if k[:8] == "ORGSITE_"}
    ) as site:
        try:
            with urllib.request.urlopen(f"{site.url}/readyz", timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def test_a_backup_restored_beside_a_running_engine_loses_no_container_and_no_volume(
    own: Yard, manual: Manual, vendor: str, tmp_path: Path
) -> None:
    own.merge({"PM": {}, "Dev": {}})
    own.settle()
    dev = own.key("Dev")
    own.inside(dev, "sh", "-c", "echo precious >/data/work")

    manual.run(BACK_UP[vendor])
    manual.run("Back up: volumes")
    own.merge({f"New {number}": {} for number in range(8)})
    own.remove("Dev")
    own.settle()
    new = own.live() - {own.key("PM")}
    before = own.running()
    assert len(new) == 8
    assert own.left() == names(new | {own.key("PM")})

    own.ask(connections.close_all)
    manual.run(RESTORE[vendor])
    for _ in range(2):
        own.forget_looks()
        look(own, until=lambda: own.left() == names(new | own.live()), **AT_ONCE)
    assert own.live() == {own.key("PM"), dev}
    assert own.running().items() >= before.items()
    assert own.left() == names(new | own.live())
    assert disputed(own) > 0
    assert "run `manage.py sweep --accept`" in own.said()
    status, said = readyz(own, tmp_path)
    assert (status, said["checks"]["origin"]) == (503, "restored")
    assert set(said) == {"status", "checks"}

    printed = manual.run("What happens then", 0, status=2)
    assert all(f"? ws-{key} (“New " in printed for key in new)
    assert "it is left as it is until `manage.py sweep --accept`" in printed
    own.remove("PM")
    own.forget_looks()
    with own.worker():
        own.until(lambda: own.told("release_failed") == ["PM"])
    assert own.running().items() >= before.items()

    assert "Accepted." in manual.run("What happens then", 1)
    look(own, until=lambda: own.running().keys() == new | {dev})
    assert own.left() >= names(new), "each has its day from the acceptance on"
    own.forget_looks()
    with own.worker(**AT_ONCE):
        own.until(lambda: own.running().keys() == {dev})
        own.until(lambda: len(own.told_of_strays("stopped")) == 8)
    assert own.left() == names(new | {dev})
    assert readyz(own, tmp_path)[0] == 200

    assert "precious" not in own.inside(dev, "cat", "/data/work"), "the volume is a new one"
    manual.run("Restore: volumes")
    assert own.inside(dev, "cat", "/data/work") == "precious\n"
    for key in new:
        assert own.volume_file(key, "log").startswith("started")

    shown = manual.run("When nothing of the rest is needed", status=0, typed="8\n")
    assert all(f"- ws-{key} (“New " in shown for key in new)
    assert own.left() == names({dev})
    other = "sqlite" if vendor == "postgresql" else "postgresql"
    assert manual.unused == {(BACK_UP[other], 0), (RESTORE[other], 0)}


def test_an_empty_database_with_the_same_name_removes_nothing(
    own: Yard, docker: Machine, vendor: str, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    own.merge({"PM": {"Dev": {}, "Ops": {}}})
    own.settle()
    before, left = own.running(), own.left()
    with new_database(vendor, tmp_path / "foreign", unblock=django_db_blocker.unblock) as database:
        foreign = Yard(database, docker, tmp_path / "foreign", ORGSITE_INSTALLATION=own.slug, **AT_ONCE)
        for _ in range(2):
            foreign.forget_looks()
            look(foreign, until=lambda: disputed(foreign) > 0)
        assert disputed(foreign) > 0
        assert "run `manage.py sweep --accept`" in foreign.said()
        assert "restored from a backup" in foreign.manage_refused("sweep", "--purge", "--yes")
    assert (own.running(), own.left()) == (before, left)


def names(keys: set[UUID]) -> set[str]:
    """A container and two volumes for each."""
    return {f"ws-{key}{part}" for key in keys for part in ("", "-data", "-config")}
