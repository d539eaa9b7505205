"""Fixtures for the worker's tests: a controller with the fake engine, run one round at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from audit.models import StructureEvent
from tests.controller.rounds import busy, one_round
from tests.trees import Tree, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Organization, Workspace
from workspaces.services.containers.installation import installation
from workspaces.services.imports.importing import apply_import
from workspaces.worker.controller import Controller

SOON = timedelta(seconds=0.6)  # what is due later than this waits after a failure

Merge = Callable[[Tree], None]


@pytest.fixture(autouse=True)
def _with_containers(settings: Any, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_DATA_GRACE = "fake", 0  # most tests look at what is left at once
    settings.ORGSITE_RUNTIME_IMAGES = {"*": "agent:1"}
    settings.ORGSITE_DOCKER_LIMITS = {}
    monkeypatch.setattr("workspaces.core.containers.convergence.STEADY", timedelta(0))
    installation()


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def controller(engine: FakeEngine) -> Controller:
    return Controller(engine, grace=timedelta(0), concurrency=2)


@pytest.fixture
def merge(organization: Organization, actor: Actor) -> Merge:
    def merge_tree(tree: Tree) -> None:
        apply_import(organization, loaded(tree), mode=Mode.MERGE, actor=actor)

    return merge_tree


def settle(controller: Controller) -> None:
    """Rounds until nothing is due but what waits after a failure."""
    due = Container.objects.all()
    wait_for(controller, lambda: not busy(controller) and not due.filter(due_at__lte=timezone.now() + SOON).exists())


def wait_for(controller: Controller, condition: Callable[[], bool]) -> None:
    """Rounds until the condition holds."""
    for _ in range(1_000):
        one_round(controller)
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(f"it never comes: {list(Container.objects.values())}")


def hurry() -> None:
    """Let the time pass that failures have to wait."""
    Container.objects.filter(due_at__isnull=False).update(due_at=timezone.now())


def key_of(name: str) -> UUID:
    return Workspace.objects.get(name=name).pk


def events(what: str) -> list[str]:
    """The names in the events of that kind, in order."""
    rows = StructureEvent.objects.filter(event_type=f"workspace.{what}").order_by("id")
    return [row.payload["name"] for row in rows]
