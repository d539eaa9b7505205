"""A second, migrated database that other processes of a test use: a running site or a worker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

from django.conf import settings as site_settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.utils import load_backend

from tests.processes import CHILDREN, address_of

Answer = TypeVar("Answer")

NUMBERS = count()
CREATE = 'CREATE DATABASE "{}"'
DROP = 'DROP DATABASE IF EXISTS "{}" WITH (FORCE)'
MODELS = ExitStack()  # they go when the tests of this process have ended


class Database:
    """The site's database, seen from the tests.

    A thread of its own holds the connection: the tests' own thread has that of its own test database, and the event
    loop that drives the browser, beside which Django refuses to wait for a database.
    """

    def __init__(self, settings: dict[str, Any], *, unblock: Callable[[], Any]) -> None:
        self.address = address_of(settings)
        self._settings, self._unblock = settings, unblock
        self._thread = ThreadPoolExecutor(max_workers=1, initializer=self._connect)

    def ask(self, function: Callable[..., Answer], *args: Any, **kwargs: Any) -> Answer:
        """What the function returns when it runs on the site's database."""
        with self._unblock():
            return self._thread.submit(function, *args, **kwargs).result()

    def close(self) -> None:
        self.ask(connections.close_all)
        self._thread.shutdown()

    def _connect(self) -> None:
        backend = load_backend(self._settings["ENGINE"])
        connections[DEFAULT_DB_ALIAS] = backend.DatabaseWrapper(self._settings, DEFAULT_DB_ALIAS)


@contextmanager
def migrated_database(folder: Path, *, unblock: Callable[[], Any]) -> Iterator[Database]:
    """A fresh one: a SQLite file in the folder, or a second database on the PostgreSQL server of this run."""
    if connection.vendor == "sqlite":
        with migrated_file(folder / "site.sqlite3", unblock=unblock) as database:
            yield database
        return
    model, name = _model_on_server(unblock), _free_name()
    with unblock():
        _on_server(f'{CREATE.format(name)} TEMPLATE "{model}"')
    database = Database(connection.settings_dict | {"NAME": name}, unblock=unblock)
    try:
        yield database
    finally:
        database.close()
        with unblock():
            _on_server(DROP.format(name))


@contextmanager
def migrated_file(path: Path, *, unblock: Callable[[], Any]) -> Iterator[Database]:
    """A fresh SQLite file, whichever database the tests have."""
    shutil.copy(_model_file(unblock), path)
    database = Database(_settings_of_file(path), unblock=unblock)
    try:
        yield database
    finally:
        database.close()


def migrate_children(folder: Path, *, unblock: Callable[[], Any]) -> None:
    """Make the database of `tests.processes.database_url` ready: on PostgreSQL it is the test's own."""
    if connection.vendor == "sqlite":
        shutil.copy(_model_file(unblock), folder / CHILDREN)


# ---- what every migration has passed over once, to be copied: they take a second and more


@cache
def _model_file(unblock: Callable[[], Any]) -> Path:
    folder = Path(mkdtemp(prefix="orgsite-model-"))
    MODELS.callback(shutil.rmtree, folder)
    settings = _settings_of_file(folder / "site.sqlite3")
    _migrate(settings, unblock=unblock)
    return Path(settings["NAME"])


@cache
def _model_on_server(unblock: Callable[[], Any]) -> str:
    name = _free_name()
    with unblock():
        _on_server(CREATE.format(name))
    MODELS.callback(_on_server, DROP.format(name))
    _migrate(connection.settings_dict | {"NAME": name}, unblock=unblock)
    return name


def _migrate(settings: dict[str, Any], *, unblock: Callable[[], Any]) -> None:
    database = Database(settings, unblock=unblock)
    database.ask(call_command, "migrate", interactive=False, verbosity=0)
    database.close()


def _free_name() -> str:
    """Of this process alone: others of the same run work on the same server."""
    return f"{connection.settings_dict['NAME']}_{os.getpid()}_{next(NUMBERS)}"


def _settings_of_file(path: Path) -> dict[str, Any]:
    settings = deepcopy(connection.settings_dict) | {"NAME": str(path)}
    if connection.vendor == "sqlite":
        return settings
    options = {"transaction_mode": "IMMEDIATE", "timeout": site_settings.ORGSITE_LOCK_TIMEOUT}
    return settings | {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": options}


def _on_server(*statements: str) -> None:
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def shared_rows(make: Callable[[], Answer], *, blocker: Any) -> Iterator[Answer]:
    """What `make` writes is there for several tests: the transaction of each is a savepoint within this one."""
    around = transaction.atomic()
    with blocker.unblock():
        around.__enter__()
    try:
        with blocker.unblock():
            made = make()
        yield made
    finally:
        with blocker.unblock():
            transaction.set_rollback(True)
            around.__exit__(None, None, None)


@contextmanager
def taking_no_changes() -> Iterator[None]:
    """The test's own database does not, as a server after a failover: on PostgreSQL to the end of the transaction."""
    connection.check_constraints()  # those that wait for the end lock rows, which a reader may not
    raw: Any = connection.connection  # Django's own cursor refuses to work in a transaction that broke
    sqlite = connection.vendor == "sqlite"
    raw.execute("PRAGMA query_only = ON" if sqlite else "SET LOCAL transaction_read_only = on")
    yield
    if sqlite:
        raw.execute("PRAGMA query_only = OFF")
