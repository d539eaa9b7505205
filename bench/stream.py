"""The event stream: 1,000 listeners of one process, 500 events a second for a minute.

Three processes besides PostgreSQL: the site, one that emits, one that listens.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from django.contrib.auth.models import Group, User
from django.db import connection

from audit.models import StructureEvent
from bench.findings import Finding, Section, Table
from workspaces.models import Membership, Organization
from workspaces.services.security.tokens import issue_api_token

PER_SECOND = 500  # events
COMMITS = 50  # a second
FEW = 10  # listeners to compare with
COUNTED = 1.2  # seconds until PostgreSQL's statistics are up to date; a short run is less exact by this
FILES = 8_192  # open files; each connection is one
PAGE = os.sysconf("SC_CLK_TCK")

WORDS = """
One process of the site (`python -m orgsite.serve`), {listeners:,} listeners of one organization, {rate} events a second
for {seconds} s, written by another process through `emit`, ten to a commit. A third process listens and compares what
each listener got with the table: every id, in order, none twice. Lag is the time from `created_at`, before the insert,
to the moment the bytes are read, on one clock. Transactions are those that PostgreSQL counted, less the commits of the
events. All of it on one machine: site, database, writer and listeners share its cores.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamRun:
    """The results of one run; times in seconds. `wrong` counts ids that listeners missed, got twice or out of order."""

    listeners: int
    events: int
    wrong: int
    lags: dict[str, float]
    connected: float
    cpu: float  # of one core
    memory: float  # MiB
    transactions: float  # a second
    beside: float  # cores that the listening process took


def measure(*, n: int) -> Section:
    """Measure the stream; for n < 100,000 a short run with fewer listeners."""
    full = n >= 100_000
    many, seconds = (1_000, 60) if full else (100, 1)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
    token = _organization()
    with running_site() as site:
        few, run = site.measure(FEW, token, seconds=20 if full else 1), site.measure(many, token, seconds=seconds)
    return Section(
        title="Event stream",
        words=WORDS.format(listeners=many, rate=PER_SECOND, seconds=seconds).strip().replace("\n", " "),
        findings=_findings(few, run, steady=1.25 if full else 3.0),
        tables=(_table(few, run),),
    )


def _organization() -> str:
    """The token of a member who may read the organization's events."""
    organization = Organization.objects.create(slug="bench", name="Bench")
    user = User.objects.create_user("listener")
    user.groups.add(Group.objects.get(name="Auditor"))
    Membership.objects.create(organization=organization, user=user)
    return issue_api_token(user)


def _findings(few: StreamRun, run: StreamRun, *, steady: float) -> list[Finding]:
    deliveries = f"{run.events * run.listeners:,} deliveries to {run.listeners:,} listeners"
    shown = ", ".join(f"{name} {value * 1_000:,.0f} ms" for name, value in run.lags.items())
    queries = (
        f"{run.transactions:.1f}/s with {run.listeners:,} listeners, {few.transactions:.1f}/s with {few.listeners}"
    )
    return [
        Finding(what="events missed, doubled or out of order", measured=run.wrong, limit=0, unit="", detail=deliveries),
        Finding(what="lag of the stream, p99", measured=run.lags["p99"], limit=1, unit="s", detail=shown),
        Finding(
            what="transactions of many listeners to those of few",
            measured=run.transactions / few.transactions,
            limit=steady,
            detail=queries,
        ),
    ]


def _table(*runs: StreamRun) -> Table:
    lags = ("p50", "p99", "max")
    head = ("listeners", "events", *lags, "all connected", "site's CPU", "memory", "transactions", "client")
    rows = [
        (
            f"{run.listeners:,}",
            f"{run.events:,}",
            *(f"{run.lags[name] * 1_000:,.0f} ms" for name in lags),
            f"{run.connected:.1f} s",
            f"{run.cpu:.0%} of a core",
            f"{run.memory:,.0f} MiB",
            f"{run.transactions:.1f}/s",
            f"{run.beside:.0%} of a core",
        )
        for run in runs
    ]
    return Table(head=head, rows=rows)


@contextmanager
def running_site() -> Iterator[Site]:
    """The site on a free port, with one process."""
    with socket.create_server(("127.0.0.1", 0), backlog=2_048) as listening:
        command = [sys.executable, "-m", "orgsite.serve", f"--fd={listening.fileno()}", "--no-access-log"]
        alone = os.environ | {"ORGSITE_MAX_STREAMS_PER_USER": "2000"}  # all listeners come with one token
        process = subprocess.Popen(command, pass_fds=[listening.fileno()], env=alone)
        try:
            yield Site(port=listening.getsockname()[1], process=process.pid)
        finally:
            process.terminate()
            process.wait(30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    port: int
    process: int

    def measure(self, listeners: int, token: str, *, seconds: int) -> StreamRun:
        """Run the listeners while events are written."""
        command = ("bench.stream_listeners", str(self.port), token, str(listeners))
        with (
            line_process(*command) as client,
            line_process("bench.stream_writer", str(PER_SECOND), str(COMMITS)) as writer,
        ):
            connected = float(_line(client)["connected"])
            last = StructureEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            counted, spent, start = _transactions(), self.cpu(), time.monotonic()
            _send_line(writer, str(seconds))
            commits = int(_line(writer)["commits"])
            cpu = (self.cpu() - spent) / (time.monotonic() - start)
            compared = self._compare(client, last)
            time.sleep(COUNTED)
            own = 3  # transactions of this method itself: one for ids, two for counts
            transactions = (_transactions() - counted - commits - own) / (time.monotonic() - start)
        memory = self.memory()
        return StreamRun(
            listeners=listeners, connected=connected, cpu=cpu, memory=memory, transactions=transactions, **compared
        )  # fmt: skip

    def _compare(self, client: subprocess.Popen[str], last: int) -> dict[str, Any]:
        """Send the listeners the expected ids, and return their result."""
        ids = list(StructureEvent.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True))
        with TemporaryDirectory() as folder:
            file = Path(folder, "ids.json")
            file.write_text(json.dumps(ids))
            _send_line(client, str(file))
            return {"events": len(ids), **_line(client)}

    def cpu(self) -> float:
        """Seconds of processor time that the site has used."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / PAGE

    def memory(self) -> float:
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


@contextmanager
def line_process(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that reads and writes lines."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _send_line(process: subprocess.Popen[str], line: str) -> None:
    into: IO[str] = process.stdin  # type: ignore[assignment]  # it is a pipe
    into.write(f"{line}\n")
    into.flush()


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    out: IO[str] = process.stdout  # type: ignore[assignment]  # it is a pipe
    data: dict[str, Any] = json.loads(out.readline())
    return data


def _transactions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
