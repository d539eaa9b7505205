"""Several callers at the same files, on PostgreSQL, where they really run at the same time."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction  # noqa: F401 - the mark below reads it
from django.utils import timezone

from tests.services.test_races import at_once
from tests.zips import team
from workspaces.access import Actor
from workspaces.core.filesets import FolderFiles as Files
from workspaces.core.planning.plan_values import Mode
from workspaces.models import FileSet, ImportRun, Organization, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.plans.stored_plans import forget_unused_filesets, store_filesets

ALICE = Actor(name="alice")
MANY = {f"w{number}": f"content {number}" for number in range(40)}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "connection.vendor == 'sqlite'", reason="SQLite has one writer at a time; PostgreSQL's half shows this"
    ),
]


def run(place: Organization, names: dict[str, str]) -> None:
    apply_import(place, team(**names), mode=Mode.MERGE, actor=ALICE)


@pytest.mark.parametrize("_", range(10))
def test_imports_that_bring_the_same_files_all_succeed(
    organization: Organization, elsewhere: Organization, _: int
) -> None:
    third = Organization.objects.create(slug="third", name="Third")
    backwards = dict(reversed(MANY.items()))
    at_once(lambda: run(organization, MANY), lambda: run(elsewhere, backwards), lambda: run(third, MANY))
    assert set(ImportRun.objects.values_list("state", flat=True)) == {"completed"}
    assert (Workspace.objects.exclude(files=None).count(), FileSet.objects.count()) == (120, 40)


@pytest.mark.parametrize("_", range(10))
def test_forgetting_never_takes_what_an_import_is_about_to_use(organization: Organization, _: int) -> None:
    store_all(MANY)
    at_once(lambda: run(organization, MANY), forget_unused_filesets, forget_unused_filesets)
    assert ImportRun.objects.get().state == ImportRun.State.COMPLETED
    assert Workspace.objects.exclude(files=None).count() == 40
    assert forget_unused_filesets() == 0


def test_forgetting_passes_by_what_is_held_and_does_not_wait(db: None) -> None:
    (held,) = store_all({"PM": "held"})
    forgotten: list[int] = []
    with transaction.atomic():
        store_filesets([held], given={}, now=timezone.now())
        at_once(lambda: store_all({"QA": "free"}))
        at_once(lambda: forgotten.append(forget_unused_filesets()))
    assert forgotten == [1]
    assert list(FileSet.objects.values_list("digest", flat=True)) == [held]


def test_two_imports_that_use_the_same_stored_files_do_not_wait_for_each_other(
    organization: Organization, settings: Any
) -> None:
    settings.ORGSITE_LOCK_TIMEOUT = 1
    (held,) = store_all({"PM": "shared"})
    with transaction.atomic():
        store_filesets([held], given={}, now=timezone.now())
        at_once(lambda: run(organization, {"PM": "shared"}))
    assert Workspace.objects.get().files_id == held


def store_all(names: dict[str, str]) -> list[str]:
    """Store the files of these workspaces without anything that needs them."""
    sets = {files.digest: files for files in (Files.of({"notes.md": text.encode()}) for text in names.values())}
    with transaction.atomic():
        store_filesets(sets, given=sets, now=timezone.now())
    return sorted(sets)
