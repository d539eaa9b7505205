"""SQLite: the time that an agent's heartbeat waits while an import has the only write lock."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from statistics import median
from uuid import UUID

from bench import series
from bench.findings import Finding, Section, Table
from bench.ours import import_template
from bench.scratch import new_place
from bench.trees import tree
from workspaces.models import Workspace
from workspaces.services.workspace.presence import HEARTBEAT_GRAIN, heartbeat

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000, 5_000, 20_000)
WAYS = ("ahead", "together")
ROUNDS = 3
PAUSE = 0.02  # seconds between two heartbeats
# So many that each agent's next heartbeat comes after HEARTBEAT_GRAIN: an earlier one would not be written.
AGENTS = 2 * round(HEARTBEAT_GRAIN.total_seconds() / PAUSE)
WORDS = f"""
A process imports a tree into an empty organization; beside it another one sends a heartbeat every {PAUSE * 1000:.0f} ms
and notes the longest wait. Each comes from the next of {AGENTS:,} agents: all have to be written. `ahead` is the
product's way: plan and rows are worked out before the lock. `together` is the same import in one transaction, where all
of it happens under the lock. In turn, medians of {ROUNDS} rounds. Then the series of requests, as on PostgreSQL.
"""


def measure(*, n: int) -> Section:
    sizes, agents = [size for size in SIZES if size <= n] or [n], cycle(new_agents())
    waits = {
        (size, way): median(longest_wait(way, agents, n=size, turn=turn) for turn in range(ROUNDS))
        for size in sizes
        for way in WAYS
    }
    most = sizes[-1]
    ratio = waits[most, "ahead"] / waits[most, "together"]
    what = f"longest wait of a heartbeat beside an import of {most:,}, SQLite: ahead by together"
    wait = Finding(what=what, measured=ratio, limit=0.5)
    rows = [[f"{size:,}", *(f"{waits[size, way] * 1000:,.0f} ms" for way in WAYS)] for size in sizes]
    requests = series.measure(n=n)
    return Section(
        title="SQLite",
        words=WORDS,
        findings=[wait, *requests.findings],
        tables=[Table(head=["an import of", *(f"longest wait, {way}" for way in WAYS)], rows=rows), *requests.tables],
    )


def new_agents() -> list[UUID]:
    """The ids of AGENTS new workspaces, in an organization without further imports."""
    place = new_place("beside")
    import_template(place, tree("wide", AGENTS))
    return list(Workspace.objects.filter(organization=place.organization).values_list("pk", flat=True))


def longest_wait(way: str, agents: Iterator[UUID], *, n: int, turn: int) -> float:
    """The longest duration (seconds) of a heartbeat while another process imports."""
    place, longest = new_place(f"{way}-{n}-{turn}"), 0.0
    command = [sys.executable, "-m", "bench.embedded_import", way, str(n), place.slug]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin
        assert other.stdout
        other.stdout.readline()  # printed when its template is made
        other.stdin.close()
        while other.poll() is None:
            began = time.perf_counter()
            heartbeat(next(agents))
            longest = max(longest, time.perf_counter() - began)
            time.sleep(PAUSE)
    assert other.returncode == 0, "The import failed."
    return longest
