"""The removal of containers by the worker, compared with `docker rm --force` of as many."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import UUID

from django.test import override_settings
from docker import APIClient

from audit.event_types import WORKSPACE_RELEASED
from audit.models import StructureEvent
from bench.findings import Finding, Section, Table
from tests.machines import Machine, machine_with_images, why_not
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import Node, Template
from workspaces.models import Container, Organization, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.templates.loader import LoadedTemplate

ROOT = Path(__file__).resolve().parent.parent
ME = Actor(name="bench")
GRACE = 2  # seconds
LIMIT = 1.3
TIMEOUT = 300.0  # seconds
AT_ONCE = 50  # containers that `docker rm` removes at a time; `docker volume rm` takes one after the other
KINDS = {
    "stubborn": "ignores the stop signal, so the grace is used to its end",
    "polite": "ends at the stop signal",
}
TITLE = "Teardown"
WORDS = f"""Workspaces with a container and two volumes each, made by the worker on an engine of its own. Ours: from the
commit of a cascade delete to the last `workspace.released`, with a grace of {GRACE} s and without Docker's init. The
other: the API calls of `docker rm --force` ({AT_ONCE} at a time) and then of `docker volume rm` (one after the other)
for as many of the same, while the worker is suspended. Medians of interleaved rounds. The ratio is (ours − one grace) ÷
the other; what is polite needs no grace, so there ours itself is below the limit where the two are alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """Seconds for one kind of container in one round."""

    ours: float
    containers: float
    volumes: float

    @property
    def other(self) -> float:
        return self.containers + self.volumes


def measure(*, n: int) -> Section:
    """Measure 50 containers of each kind at full size, 4 at a small one. Needs root; left out without it."""
    if reason := why_not():
        return Section(title=TITLE, words=f"Left out: {reason}.")
    count, rounds = (50, 3) if n >= 10_000 else (4, 1)
    with (
        override_settings(ORGSITE_ENGINE="docker", ORGSITE_DATA_GRACE=0),
        machine_with_images("bench") as machine,
        _worker(machine) as worker,
    ):
        found = [_round(machine, worker, count=count, ours_first=number % 2 == 0) for number in range(rounds)]
    return Section(
        title=TITLE,
        words=WORDS,
        findings=[_finding(kind, [each[kind] for each in found], count=count) for kind in KINDS],
        tables=[_table(found, count=count)],
    )


def _finding(kind: str, found: list[Times], *, count: int) -> Finding:
    ours, other = median(each.ours for each in found), median(each.other for each in found)
    return Finding(
        what=f"teardown of {count} {kind} containers beyond one grace, against docker rm --force",
        measured=(ours - GRACE) / other,
        limit=LIMIT,
        detail=f"ours {ours:.2f} s with a grace of {GRACE} s, the other {other:.2f} s",
    )


def _table(found: list[dict[str, Times]], *, count: int) -> Table:
    head = ["containers", "behaviour", "ours", "docker rm --force", "and the volumes"]
    rows = []
    for kind, behaviour in KINDS.items():
        times = [each[kind] for each in found]
        medians = (median(getattr(each, name) for each in times) for name in ("ours", "containers", "volumes"))
        rows.append([f"{count} {kind}", behaviour, *(f"{seconds:.2f} s" for seconds in medians)])
    return Table(head=head, rows=rows)


# ---- one round


def _round(machine: Machine, worker: subprocess.Popen[bytes], *, count: int, ours_first: bool) -> dict[str, Times]:
    """Make two groups of each kind, and remove each in another way."""
    roots = {(kind, side): _make(kind, side, count=count) for kind in KINDS for side in ("ours", "other")}
    _until(_nothing_due)
    return {
        kind: _both(machine, worker, roots[kind, "ours"], roots[kind, "other"], ours_first=ours_first) for kind in KINDS
    }


def _both(machine: Machine, worker: subprocess.Popen[bytes], ours: UUID, other: UUID, *, ours_first: bool) -> Times:
    seconds = _cascade(ours) if ours_first else 0.0
    containers, volumes = _by_force(machine, worker, other)
    return Times(ours=seconds or _cascade(ours), containers=containers, volumes=volumes)


def _make(kind: str, side: str, *, count: int) -> UUID:
    """Make a tree of `count` workspaces, and return its root."""
    organization, _ = Organization.objects.get_or_create(slug="bench", defaults={"name": "bench"})
    name = f"{kind} {side}"
    below = tuple(Node(name=f"{name} {number}", path="", runtime=kind) for number in range(1, count))
    want = Template(name="Bench", workspaces=(Node(name=name, path="", runtime=kind, children=below),))
    loaded = LoadedTemplate(template=want, source="", sha256=want.digest)
    apply_import(organization, loaded, mode=Mode.MERGE, actor=ME)
    return Workspace.objects.live().get(name=name).pk


def _cascade(root: UUID) -> float:
    """Seconds from the commit of the removal to its last `workspace.released` event."""
    events = StructureEvent.objects.filter(event_type=WORKSPACE_RELEASED.name)
    before = events.count()
    removed = cascade_delete([root], actor=ME).doomed
    began = time.monotonic()
    _until(lambda: events.count() == before + len(removed))
    return time.monotonic() - began


def _by_force(machine: Machine, worker: subprocess.Popen[bytes], root: UUID) -> tuple[float, float]:
    """Seconds for removing the containers, and their volumes. The rows are removed afterwards."""
    keys = [root, *Workspace.objects.filter(parent=root).values_list("pk", flat=True)]
    worker.send_signal(signal.SIGSTOP)
    with machine.api() as api, ThreadPoolExecutor(AT_ONCE) as pool:
        began = time.monotonic()
        list(pool.map(lambda key: api.remove_container(f"ws-{key}", force=True), keys))
        middle = time.monotonic()
        _remove_volumes(api, keys)
        ended = time.monotonic()
    worker.send_signal(signal.SIGCONT)
    _cascade(root)
    return middle - began, ended - middle


def _remove_volumes(api: APIClient, keys: list[UUID]) -> None:
    for key in keys:
        for part in ("data", "config"):
            api.remove_volume(f"ws-{key}-{part}")


def _nothing_due() -> bool:
    return not Container.objects.filter(due_at__isnull=False).exists()


def _until(happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not happens():
        if time.monotonic() > deadline:
            raise TimeoutError(f"This did not happen within {TIMEOUT:g} seconds.")
        time.sleep(0.025)


# ---- the worker


@contextmanager
def _worker(machine: Machine) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "DOCKER_HOST": machine.address,
        "ORGSITE_ENGINE": "docker",
        "ORGSITE_RUNTIME_IMAGES": '{"stubborn": "orgsite-stubborn:1", "polite": "orgsite-polite:1"}',
        "ORGSITE_DOCKER_NETWORK": "none",
        "ORGSITE_DOCKER_INIT": "0",
        "ORGSITE_STOP_GRACE": str(GRACE),
    }
    with TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        command = [sys.executable, "manage.py", "worker"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(60)
