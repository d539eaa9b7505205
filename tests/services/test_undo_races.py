"""Undos and restores beside all that may come at the same moment, on PostgreSQL, with a worker and an engine in memory.

Whatever comes first: a live workspace has its container and its data, a removed one has no container, the tree is a
tree, and what comes too late is refused with a sentence.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from audit.models import StructureEvent
from lib.database_clock import database_now
from tests.budgets import rounds
from tests.controller.conftest import hurry, wait_for
from tests.controller.rounds import busy, one_round
from tests.races import at_once
from tests.services.test_move_races import assert_sound
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.engines.fake import FakeEngine
from workspaces.engines.naming import volume_names
from workspaces.errors import OrgError
from workspaces.models import Container, ImportRun, Organization, Status, Workspace, WorkspaceToken
from workspaces.services.containers.installation import installation
from workspaces.services.containers.provisioning import prepare
from workspaces.services.containers.purging import purge_due, purge_now
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.undo.undoing import UndoConfirmation, apply_restore, apply_undo, preview_undo
from workspaces.services.workspace.presence import heartbeat, register
from workspaces.worker.controller import Controller

ALICE = Actor(name="alice")
DATA = "/data"
ROUNDS = 4
WHOLE = {"PM", "Dev", "QA"}

pytestmark = [
    pytest.mark.fuzz,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite has one writer at a time; PostgreSQL's half shows this"
    ),
]


@dataclass(kw_only=True)
class Scene:
    """PM › Dev › QA run, each with work in its volume; then Dev is removed, with QA."""

    organization: Organization
    number: int
    engine: FakeEngine = field(default_factory=FakeEngine)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.number)
        self.worker = Controller(self.engine, grace=timedelta(0), concurrency=2)
        apply_import(self.organization, loaded({"PM": {"Dev": {"QA": {}}}}), mode=Mode.MERGE, actor=ALICE)
        self._converge()
        self.ids: dict[str, UUID] = {name: row.pk for name, row in self.live().items()}
        for key in self.ids.values():
            self.engine.host.volumes[volume_names(key)[DATA]].files["work"] = b"precious"
        self.removal: ImportRun = cascade_delete([self.ids["Dev"]], actor=ALICE).runs[0]

    def let_some_time_pass(self) -> None:
        """The worker has done nothing, something or all of the removal; the data's time is over."""
        for _ in range(self.chance.choice((0, 1, 2, 6))):
            one_round(self.worker)
        waiting = Container.objects.filter(organization=self.organization, purge_at__isnull=False)
        waiting.update(purge_at=database_now() - timedelta(seconds=1))

    def at_once(self, *calls: Callable[[], Any]) -> None:
        """In any order, with the worker at work. A refused one has told why."""
        mixed: list[Callable[[], Any]] = [self.work, *(partial(self._try, call) for call in calls)]
        self.chance.shuffle(mixed)
        at_once(*mixed)
        self._converge()

    def _converge(self) -> None:
        """Rounds until nothing is due, not even what a busy organization has put off."""
        due = Container.objects.filter(organization=self.organization, due_at__isnull=False)
        hurry()
        wait_for(self.worker, lambda: not busy(self.worker) and not due.exists())

    def _try(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except OrgError as refused:
            self.told.append(str(refused))

    def undo(self) -> None:
        apply_undo(self.removal, actor=ALICE)

    def restore(self) -> None:
        apply_restore(self.organization, [self.ids["Dev"]], actor=ALICE)

    def work(self) -> None:
        for _ in range(4):
            one_round(self.worker)

    def live(self) -> dict[str, Workspace]:
        return {row.name: row for row in Workspace.objects.live().filter(organization=self.organization)}

    def assert_sound(self) -> None:
        assert_sound(self.organization)
        assert all(len(sentence) > 20 and sentence.endswith(".") for sentence in self.told), self.told
        assert self.engine.overlapping == set()
        for row in Workspace.objects.filter(organization=self.organization).select_related("container"):
            self._assert_converged(row)
        purged = StructureEvent.objects.filter(event_type="workspace.purged", workspace_id__in=self.ids.values())
        assert max(Counter(purged.values_list("workspace_id", flat=True)).values(), default=0) <= 1

    def _assert_converged(self, row: Workspace) -> None:
        found, volumes = self.engine.containers(), self.engine.host.volumes
        assert (row.container.desired == "running", row.pk in found) == (row.is_live, row.is_live)
        if not row.is_live:
            assert not row.container.purged_at or row.pk not in self.engine.volumes()
            return
        assert (row.status, row.container.purge_at, row.container.purged_at) == (Status.ONLINE, None, None)
        assert found[row.pk].generation == row.container.generation
        assert WorkspaceToken.objects.filter(workspace=row, revoked_at=None).count() == 1
        if row.pk in self.ids.values():
            assert volumes[volume_names(row.pk)[DATA]].files.get("work") == b"precious"


@pytest.fixture(autouse=True)
def _with_containers(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_RUNTIME_IMAGES = "fake", {"*": "agent:1"}
    settings.ORGSITE_DOCKER_LIMITS = {}
    monkeypatch.setattr("workspaces.core.containers.convergence.STEADY", timedelta(0))


def scenes() -> Iterator[Scene]:
    installation()
    for number in range(rounds(ROUNDS)):
        organization = Organization.objects.create(slug=f"race{number}", name="Race")
        scene = Scene(organization=organization, number=number)
        scene.let_some_time_pass()
        yield scene
        scene.assert_sound()


def test_beside_the_end_of_the_data() -> None:
    """Either it comes back with its data, or the data goes and it does not come back unasked."""
    for scene in scenes():
        scene.at_once(scene.undo, purge_due)
        assert set(scene.live()) == ({"PM"} if scene.told else WHOLE)


def test_beside_somebody_who_destroys_the_data() -> None:
    for scene in scenes():
        scene.at_once(scene.restore, partial(purge_now, [scene.ids["Dev"]], actor=ALICE))
        assert ("Dev" in scene.live()) == (not scene.told)


def test_beside_heartbeats_registrations_and_starts() -> None:
    """Before it they bring nothing back, after it they are in nobody's way."""
    for scene in scenes():
        dev, qa = scene.ids["Dev"], scene.ids["QA"]
        agents = [partial(heartbeat, dev), partial(register, qa, url="https://agent.example")]
        scene.at_once(scene.undo, *agents, partial(prepare, [dev, qa]))
        assert set(scene.live()) == WHOLE


def test_beside_an_import_of_the_same_name() -> None:
    """The place is the old one's, which the import then matches, or a new one's."""
    for scene in scenes():
        want = loaded({"PM": {"Dev": {}}})
        scene.at_once(scene.undo, partial(apply_import, scene.organization, want, mode=Mode.MERGE, actor=ALICE))
        came_back = scene.live()["Dev"].pk == scene.ids["Dev"]
        assert came_back == ("QA" in scene.live()) == (not scene.told)


def test_beside_the_removal_of_its_parent() -> None:
    for scene in scenes():
        scene.at_once(scene.undo, partial(cascade_delete, [scene.ids["PM"]], actor=ALICE))
        assert scene.live() == {}


def test_beside_other_undos_of_the_same_run() -> None:
    """It is undone once."""
    for scene in scenes():
        shown = UndoConfirmation(fingerprint=preview_undo(scene.removal).fingerprint)
        again = partial(apply_undo, scene.removal, actor=ALICE, confirmation=shown)
        scene.at_once(again, again, scene.undo, scene.restore)
        assert len(scene.told) == 3
        runs = ImportRun.objects.filter(organization=scene.organization, mode="undo")
        assert Counter(runs.values_list("state", flat=True)) == {"completed": 1, "refused": 3}
        told = StructureEvent.objects.filter(event_type="workspace.restored", workspace_id=scene.ids["Dev"])
        assert told.count() == 1
