"""A database besides the test's own, for what other processes work on: a running site, a worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.utils import load_backend

from tests.processes import address_of

Answer = TypeVar("Answer")

NUMBERS = count()
DROP, CREATE = 'DROP DATABASE IF EXISTS "{}" WITH (FORCE)', 'CREATE DATABASE "{}"'


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
    settings = deepcopy(connection.settings_dict)
    beside = connection.vendor == "postgresql"
    mine = f"{os.getpid()}_{next(NUMBERS)}"  # sites of several files of tests may run beside each other
    settings["NAME"] = f"{settings['NAME']}_{mine}" if beside else str(folder / "site.sqlite3")
    if beside:
        with unblock():
            _on_server(DROP.format(settings["NAME"]), CREATE.format(settings["NAME"]))
    database = Database(settings, unblock=unblock)
    try:
        database.ask(call_command, "migrate", interactive=False, verbosity=0)
        yield database
    finally:
        database.close()
        if beside:
            with unblock():
                _on_server(DROP.format(settings["NAME"]))


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
