"""`/healthz` and `/readyz`"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from tests.api.conftest import Caller
from tests.trees import loaded
from workspaces.access import SYSTEM, Actor
from workspaces.core.containers.lifecycle import ContainerState
from workspaces.core.containers.sweep_plan import Held, Unknown
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, ImportRun, Installation, Organization
from workspaces.services.containers.installation import (
    accept_epochs,
    installation,
    note_engine,
    note_engine_away,
    note_epochs,
)
from workspaces.services.imports.importing import apply_import
from workspaces.services.plans.runs import open_run
from workspaces.services.sweep.strays import note_strays

ALL_OK = dict.fromkeys(("database", "migrations", "writes", "engine", "backlog", "origin", "uploads"), "ok")


@pytest.fixture
def old_run(organization: Organization, actor: Actor) -> ImportRun:
    run = open_run(organization, loaded({}), mode=Mode.MERGE, actor=actor, reason="")
    ImportRun.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    return run


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_the_process_says_that_it_is_up_without_asking_the_database(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("token", ["", "org_unknown"])
@pytest.mark.django_db
def test_strangers_hear_states_only(token: str) -> None:
    answer = Caller(token).get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": ALL_OK})


def test_users_hear_numbers_too(as_bob: Caller) -> None:
    assert as_bob.get("/readyz/").json() == {
        "status": "ok",
        "checks": ALL_OK,
        "open_runs": 0,
        "containers_due": 0,
        "containers_failing": 0,
        "strays": 0,
        "engine": {"name": "none", "said": "", "error": ""},
    }


def test_a_missing_migration_is_not_ready(anybody: Caller) -> None:
    MigrationRecorder(connection).migration_qs.filter(app="audit").delete()
    answer = anybody.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["migrations"]) == (503, "pending")


@pytest.mark.usefixtures("old_run")
def test_an_import_that_stands_still_is_a_backlog(anybody: Caller) -> None:
    answer = anybody.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "unavailable", "checks": {**ALL_OK, "backlog": "behind"}},
    )


@pytest.mark.django_db
def test_health_is_no_place_for_parameters(client: Client) -> None:
    assert [client.get(f"{path}?verbose=1").status_code for path in ("/healthz", "/readyz")] == [400, 400]


@pytest.mark.django_db
def test_an_engine_that_nobody_can_ask_is_not_ready(client: Client, settings: Any) -> None:
    settings.ORGSITE_ENGINE = "swarm"
    assert client.get("/readyz").json()["checks"]["engine"] != "ok"


# ---- with an engine


@pytest.fixture
def with_engine(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"
    settings.ORGSITE_INSTALLATION = ""


def engine_state(anybody: Caller) -> tuple[int, str]:
    answer = anybody.get("/readyz")
    return answer.status_code, answer.json()["checks"]["engine"]


@pytest.mark.usefixtures("with_engine")
def test_an_engine_that_no_worker_has_seen_lately_is_not_ready(anybody: Caller) -> None:
    assert engine_state(anybody) == (503, "unseen")
    installation()
    note_engine("worker", engine="Docker 20")
    assert engine_state(anybody) == (200, "ok")
    Installation.objects.update(engine_seen_at=timezone.now() - timedelta(minutes=4))
    assert engine_state(anybody) == (503, "unseen")


@pytest.mark.usefixtures("with_engine")
def test_an_engine_that_is_away_is_said_to_strangers_and_explained_to_users(anybody: Caller, as_bob: Caller) -> None:
    installation()
    note_engine_away("worker", error="The container engine does not answer: no such file.")
    assert engine_state(anybody) == (503, "away")
    assert as_bob.get("/readyz").json()["engine"]["error"] == "The container engine does not answer: no such file."
    assert "engine" not in anybody.get("/readyz").json()


@pytest.mark.usefixtures("with_engine")
def test_containers_that_wait_too_long_are_a_backlog(
    anybody: Caller, as_bob: Caller, organization: Organization, actor: Actor
) -> None:
    installation()
    note_engine("worker", engine="Docker 20")
    apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor)
    assert anybody.get("/readyz").status_code == 200
    assert as_bob.get("/readyz").json()["containers_due"] == 1
    Container.objects.update(due_at=timezone.now() - timedelta(minutes=11))
    assert anybody.get("/readyz").json()["checks"]["backlog"] == "behind"


@pytest.mark.usefixtures("with_engine")
def test_a_restored_database_is_not_ready_until_somebody_accepts_it(anybody: Caller, as_bob: Caller) -> None:
    installation()
    note_engine("worker", engine="Docker 20")
    note_epochs({f"999999:{'0' * 32}"})
    answer = anybody.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["origin"]) == (503, "restored")
    assert set(answer.json()) == {"status", "checks"}
    assert as_bob.get("/readyz").json()["strays"] == 0
    accept_epochs(actor=SYSTEM)
    assert anybody.get("/readyz").status_code == 200


@pytest.mark.usefixtures("with_engine")
def test_strays_alone_make_nobody_wait(anybody: Caller, as_bob: Caller) -> None:
    installation()
    note_engine("worker", engine="Docker 20")
    note_strays([Unknown(id=UUID(int=1), why="no workspace has this id", held=Held(state=ContainerState.RUNNING))])
    assert anybody.get("/readyz").status_code == 200
    assert as_bob.get("/readyz").json()["strays"] == 1
