"""The site as people meet it: uvicorn in a process of its own, on a database of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.utils import load_backend

from tests.processes import ROOT, address_of

Answer = TypeVar("Answer")

DROP, CREATE = 'DROP DATABASE IF EXISTS "{}" WITH (FORCE)', 'CREATE DATABASE "{}"'
PATIENCE = 10  # seconds that the site gets to end


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
    settings["NAME"] = f"{settings['NAME']}_site" if beside else str(folder / "site.sqlite3")
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


class Site:
    """Where it answers, what it has said, and its database."""

    def __init__(self, url: str, log: Path, database: Database) -> None:
        self.url, self.database, self._log = url, database, log

    def said(self) -> str:
        return self._log.read_text()


@contextmanager
def running_site(folder: Path, database: Database) -> Iterator[Site]:
    """The site on a free port. It answers from the start: who connects too early waits in the socket's queue."""
    log = folder / "site.log"
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("w") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "uvicorn",
                "orgsite.asgi:application",
                f"--fd={listening.fileno()}",
                "--no-access-log",
            ],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": database.address, "DJANGO_SETTINGS_MODULE": "orgsite.settings"},
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", log, database)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
