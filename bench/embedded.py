"""SQLite: how long an agent's heartbeat waits while an import has the only write lock."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench import series
from bench.findings import Finding, Section, Table
from workspaces.core.template import Node
from workspaces.models import Organization
from workspaces.services.actors import Actor
from workspaces.services.creating import create_workspace
from workspaces.services.presence import heartbeat

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000, 5_000, 20_000)
WAYS = ("ahead", "together")
ROUNDS = 3
PAUSE = 0.02  # seconds between two heartbeats
WORDS = f"""
A process imports a tree into an empty organization; beside it another one sends a heartbeat every {PAUSE * 1000:.0f} ms
and notes the longest wait. `ahead` is the product's way: plan and rows are worked out before the lock. `together` is
the same import in one transaction, where all of it happens under the lock. In turn, medians of {ROUNDS} rounds. Then
the series of requests, as on PostgreSQL.
"""


def measure(*, n: int) -> Section:
    sizes = [size for size in SIZES if size <= n] or [n]
    waits = {
        (size, way): median(longest_wait(way, n=size, turn=turn) for turn in range(ROUNDS))
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


def longest_wait(way: str, *, n: int, turn: int) -> float:
    """Seconds, of the heartbeats that were sent while another process imported."""
    slug = f"{way}-{n}-{turn}"
    beside, _ = Organization.objects.get_or_create(slug=f"{slug}-beside", name="Beside")
    Organization.objects.create(slug=slug, name=slug)
    agent = create_workspace(beside, Node(path="", name="Agent"), parent_id=None, actor=Actor(name="bench")).pk
    command, longest = [sys.executable, "-m", "bench.embedded_import", way, str(n), slug], 0.0
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin
        assert other.stdout
        other.stdout.readline()  # it has made its tree
        other.stdin.close()
        while other.poll() is None:
            began = time.perf_counter()
            heartbeat(agent)
            longest = max(longest, time.perf_counter() - began)
            time.sleep(PAUSE)
    assert other.returncode == 0, "The import failed."
    return longest
