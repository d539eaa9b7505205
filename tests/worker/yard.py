"""A `Yard` is an organization whose workspaces have real containers: it changes the database, starts worker processes,
and inspects the engine."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone
from docker import APIClient
from docker.errors import NotFound

from audit.models import StructureEvent
from tests.changing import change_fields
from tests.databases import Database
from tests.machines import Machine
from tests.processes import ROOT
from tests.trees import Tree, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.models import Container, ImportRun, Installation, Organization, Schedule, Workspace, WorkspaceToken
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.undo.undoing import UndoConfirmation, apply_restore, apply_undo, preview_undo

SAM = Actor(name="sam")
PATIENCE = 300  # seconds
HANGS_AFTER = 40  # seconds without an end, after which somebody looks whether the engine hangs
_numbers = count(1)


class Yard:
    """One organization, and one installation on one engine. Changes go to the database; workers are processes."""

    def __init__(self, database: Database, machine: Machine, folder: Path, **environment: str) -> None:
        self.machine, self.database, self.ask, self._folder = machine, database, database.ask, folder
        self.slug = f"yard-{next(_numbers)}"
        self._organization = self.ask(Organization.objects.create, slug=self.slug, name=self.slug)
        self.environment = os.environ | {
            "DATABASE_URL": database.address,
            "DJANGO_SETTINGS_MODULE": "orgsite.settings",
            "DOCKER_HOST": machine.address,
            "ORGSITE_ENGINE": "docker",
            "ORGSITE_INSTALLATION": self.slug,
            "ORGSITE_RUNTIME_IMAGES": '{"*": "orgsite-polite:1"}',
            "ORGSITE_DOCKER_NETWORK": "host",  # the machine's: a network for each takes a quarter of the engine's time
            "ORGSITE_STOP_GRACE": "2",
            "ORGSITE_DATA_GRACE": "0",
            "PYTHONPATH": str(ROOT),
            **environment,
        }

    # ---- what people decide

    def merge(self, tree: Tree) -> None:
        self.apply(loaded(tree), mode=Mode.MERGE)

    def reconcile(self, tree: Tree, *, removing: int = 0, **spec: Any) -> None:
        """`spec` is what the template says of each workspace."""
        self.apply(loaded(tree, **spec), confirmation=Confirmation(confirm_removals=removing))

    def apply(self, template: LoadedTemplate, *, mode: Mode = Mode.RECONCILE, **how: Any) -> None:
        """`how`: the options and the confirmation of the import."""
        self.ask(apply_import, self._organization, template, mode=mode, actor=SAM, **how)

    def change(self, name: str, **values: Any) -> None:
        self.ask(change_fields, self._organization, name, actor=SAM, **values)

    def remove(self, name: str) -> None:
        key = self.ask(self._rows().live().get, name=name).pk
        self.ask(cascade_delete, [key], actor=SAM)

    def restore(self, *keys: UUID, losing: int | None = None) -> None:
        """`losing`: how many come back without their data."""
        confirmation = UndoConfirmation(confirm_data_loss=losing)
        self.ask(apply_restore, self._organization, keys, actor=SAM, confirmation=confirmation)

    def undo(self, *, removing: int | None = None, losing: int | None = None) -> None:
        """Undo the last run."""
        confirmation = UndoConfirmation(confirm_removals=removing, confirm_data_loss=losing)
        self.ask(lambda: apply_undo(self._last_run(), actor=SAM, confirmation=confirmation))

    def shown_undo(self) -> Plan:
        return self.ask(lambda: preview_undo(self._last_run()))

    # ---- what the database says

    def live(self) -> set[UUID]:
        return set(self.ask(lambda: list(self._rows().live().values_list("pk", flat=True))))

    def statuses(self) -> dict[str, int]:
        found = self.ask(lambda: list(self._rows().values_list("status", flat=True)))
        return {status: found.count(status) for status in sorted(set(found))}

    def containers(self) -> list[Container]:
        """As the database has them."""
        rows = Container.objects.filter(workspace__organization=self._organization)
        return self.ask(lambda: list(rows.select_related("workspace").order_by("pk")))

    def settled(self) -> bool:
        return not any(row.due_at for row in self.containers())

    def told(self, what: str) -> list[str]:
        rows = StructureEvent.objects.filter(organization=self.slug, event_type=f"workspace.{what}")
        return self.ask(lambda: sorted(row.payload["name"] for row in rows))

    def told_of_strays(self, what: str) -> list[str]:
        """Those belong to no organization."""
        rows = StructureEvent.objects.filter(organization="", event_type=f"workspace.{what}")
        return self.ask(lambda: sorted(row.payload["name"] for row in rows))

    def key(self, name: str) -> UUID:
        return UUID(str(self.ask(self._rows().live().get, name=name).pk))

    def tokens(self) -> dict[UUID, list[str]]:
        """Workspace → digests of its tokens."""
        rows = WorkspaceToken.objects.filter(workspace__organization=self._organization).order_by("pk")
        found: dict[UUID, list[str]] = {}
        for key, digest in self.ask(lambda: list(rows.values_list("workspace_id", "digest"))):
            found.setdefault(key, []).append(digest)
        return found

    def plan_daily(self, name: str) -> None:
        """Give it a schedule by hand."""
        made = {"created_at": timezone.now(), "updated_at": timezone.now()}
        self.ask(Schedule.objects.create, workspace_id=self.key(name), name="Daily", cron_expr="0 9 * * *", **made)

    def schedules(self) -> dict[int, UUID]:
        """Key of each schedule → its workspace."""
        rows = Schedule.objects.filter(workspace__organization=self._organization)
        return self.ask(lambda: dict(rows.values_list("pk", "workspace_id")))

    def seen(self) -> bool:
        """Whether a worker has had a look at the engine."""
        return bool(self.ask(Installation.objects.filter(swept_at__isnull=False).exists))

    def forget_looks(self) -> None:
        self.ask(Installation.objects.update, swept_at=None)

    def _last_run(self) -> ImportRun:
        return ImportRun.objects.filter(organization=self._organization, state=ImportRun.State.COMPLETED).latest(
            "number"
        )

    def _rows(self) -> Any:
        return Workspace.objects.filter(organization=self._organization)

    # ---- what the engine has

    def running(self) -> dict[UUID, tuple[str, str]]:
        """Workspace → id and start of its container."""
        with self.machine.api() as api:
            ours = api.containers(filters={"label": f"orgsite.installation={self.slug}", "status": "running"})
            found: dict[UUID, tuple[str, str]] = {}
            for each in ours:
                with suppress(NotFound):  # it was removed in between
                    found[UUID(each["Labels"]["orgsite.workspace"])] = (each["Id"], _start(api, each["Id"]))
            return found

    def left(self) -> set[str]:
        """Names of all containers and volumes of this installation, running or not."""
        only = {"label": f"orgsite.installation={self.slug}"}
        with self.machine.api() as api:
            containers = {each["Names"][0].strip("/") for each in api.containers(all=True, filters=only)}
            return containers | {each["Name"] for each in api.volumes(filters=only)["Volumes"] or ()}

    def inside(self, key: UUID, *command: str) -> str:
        """The output of the command in that workspace's container."""
        with self.machine.api() as api:
            return str(api.exec_start(api.exec_create(f"ws-{key}", list(command))["Id"]).decode())

    def volume_file(self, key: UUID, name: str) -> str:
        """A file of the data volume, whether the container runs or not."""
        with self.machine.api() as api:
            stream, _ = api.get_archive(f"ws-{key}", f"/data/{name}")
            with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
                file = tar.extractfile(name)
                assert file
                return file.read().decode()

    # ---- what workers do

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        with (self._folder / f"{self.slug}.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**self.environment, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    @contextmanager
    def worker(self, *, script: str = "", **environment: str) -> Iterator[subprocess.Popen[str]]:
        """`manage.py worker`, or a script that does something to it first, until the block ends."""
        program = [str(ROOT / "manage.py"), "worker"]
        if script:
            path = self._folder / f"{self.slug}.py"
            path.write_text(script)
            program = [str(path)]
        process = self.spawn(*program, **environment)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def run_script(self, script: str, *arguments: str) -> int:
        """Its exit status; negative for the signal that killed it."""
        path = self._folder / f"{self.slug}-once.py"
        path.write_text(script)
        return self.spawn(str(path), *arguments).wait(PATIENCE)

    def hanging(self) -> bool:
        """Whether the worker's script has come to the point that it waits for."""
        return (self._folder / f"{self.slug}.py.hangs").exists()

    def a_while_passes(self) -> None:
        long_ago = timezone.now() - timedelta(minutes=1)
        self.ask(Container.objects.filter(workspace__organization=self._organization).update, changed_at=long_ago)

    def until(self, condition: Callable[[], object], *, patience: float = PATIENCE) -> None:
        """Wait for it; what the workers said is the message where it never comes."""
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"It never comes.\n{[vars(row) for row in self.containers()]}\n{self.said()}")
            time.sleep(0.2)

    def until_settled(self, *, patience: float) -> None:
        """However many containers end at once: an engine that hangs is started again, as whoever runs it would."""
        looked = time.monotonic()

        def settled() -> bool:
            nonlocal looked
            if time.monotonic() - looked > HANGS_AFTER:
                if self.machine.hangs():
                    self.machine.stop()
                    self.machine.start()
                    self.machine.wait()
                looked = time.monotonic()
            return self.settled()

        self.until(settled, patience=patience)

    def settle(self) -> None:
        with self.worker():
            self.until(self.settled)

    def manage(self, *arguments: str, status: int = 0) -> str:
        """What a command of manage.py prints that ends with this exit status."""
        done = self._manage(*arguments)
        assert done.returncode == status, done.stderr
        return done.stdout

    def manage_refused(self, *arguments: str) -> str:
        """Why a command of manage.py does nothing."""
        done = self._manage(*arguments)
        assert done.returncode == 1, done.stdout
        return done.stderr

    def _manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(program, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    def said(self) -> str:
        log = self._folder / f"{self.slug}.log"
        return log.read_text() if log.exists() else ""


def _start(api: APIClient, container_id: str) -> str:
    return str(api.inspect_container(container_id)["State"]["StartedAt"])
