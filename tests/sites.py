"""A running site for tests: `orgsite.serve` in a process of its own, on a database of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tests.databases import Database, migrated_database
from tests.processes import ROOT

PATIENCE = 60  # seconds that the site gets to end


class Site:
    """Where it answers, what it has said, its database, and the id of its process."""

    def __init__(self, url: str, log: Path, database: Database, *, process: int) -> None:
        self.url, self.database, self.process, self._log = url, database, process, log

    def said(self) -> str:
        return self._log.read_text()

    def processor_seconds(self) -> float:
        """Processor time of its process so far: unlike the time on a clock, little of others' doing."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> tuple[int, int]:
        """What its process holds now, and the most it ever held: mebibytes."""
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        told = dict(line.split(":", 1) for line in lines)
        return int(told["RssAnon"].split()[0]) // 1024, int(told["VmHWM"].split()[0]) // 1024


@contextmanager
def new_site(folder: Path, *, unblock: Callable[[], Any], **settings: str) -> Iterator[Site]:
    """A site on a fresh database, both gone afterwards."""
    with migrated_database(folder, unblock=unblock) as database, running_site(folder, database, **settings) as site:
        yield site


@contextmanager
def running_site(
    folder: Path, database: Database, *, listen: socket.socket | None = None, **settings: str
) -> Iterator[Site]:
    """The site on a free port, or on the socket `listen`; `settings` are variables of its environment.

    It answers from the start: who connects too early waits in the socket's queue.
    """
    log = folder / "site.log"
    ours = {"DATABASE_URL": database.address, "DJANGO_SETTINGS_MODULE": "orgsite.settings"}
    opened = nullcontext(listen) if listen else socket.create_server(("127.0.0.1", 0))
    with opened as listening, log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "orgsite.serve", f"--fd={listening.fileno()}", "--no-access-log"],
            cwd=ROOT,
            env=os.environ | ours | settings,
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Site(_url(listening), log, database, process=process.pid)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _url(listening: socket.socket) -> str:
    if listening.family == socket.AF_UNIX:
        return f"http://unix:{listening.getsockname()}"  # as nginx writes it
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
