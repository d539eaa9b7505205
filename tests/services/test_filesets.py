"""Files of templates in the database: stored with what needs them, and forgotten with the last of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.trees import REPLACING, Tree, loaded
from tests.zips import loaded_zip, team
from workspaces.access import Actor
from workspaces.core import filesets
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import NotFound, PlanChanged, RemovalNotConfirmed
from workspaces.models import FileSet, ImportPreview, ImportRun, Organization, RunTemplate, Workspace
from workspaces.services.imports.importing import Applied, Confirmation, apply_import, preview_import
from workspaces.services.imports.previews import (
    Preview,
    apply_preview,
    open_preview,
    preview_again,
    store_preview,
)
from workspaces.services.plans.stored_plans import forget_unused_filesets
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.upkeep.housekeeping import keep_house
from workspaces.services.workspace.editing import edit_workspace

ALICE = Actor(name="alice")
SCRATCH: Tree = {"PM": {"Lead": {"Scratch": {}}}}


def run(
    organization: Organization,
    template: LoadedTemplate,
    mode: Mode = Mode.MERGE,
    options: ImportOptions | None = None,
    **confirmation: str,
) -> Applied:
    return apply_import(
        organization,
        template,
        mode=mode,
        options=options,
        actor=ALICE,
        confirmation=Confirmation(**confirmation),  # type: ignore[arg-type]
    )


def kept(organization: Organization, template: LoadedTemplate, user: User) -> Preview:
    return open_preview(store_preview(organization, template, user=user).pk, user=user)


def contents(name: str) -> dict[str, bytes]:
    """The files that are stored for the workspace of that name."""
    stored = Workspace.objects.select_related("files").get(name=name).files
    return dict(filesets.FolderFiles.from_tar(bytes(stored.content)).files) if stored else {}


def expire(preview: Preview) -> None:
    ImportPreview.objects.filter(pk=preview.record.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_an_import_stores_the_files_of_what_it_creates(organization: Organization) -> None:
    run(organization, team(PM="plan", QA="test"))
    assert (contents("PM"), contents("QA")) == ({"notes.md": b"plan"}, {"notes.md": b"test"})


def test_equal_files_are_stored_once(organization: Organization, elsewhere: Organization) -> None:
    run(organization, team(PM="same", QA="same"))
    run(elsewhere, team(Other="same"))
    assert (FileSet.objects.count(), Workspace.objects.filter(files=FileSet.objects.get()).count()) == (1, 3)


def test_a_workspace_without_a_folder_has_no_files(organization: Organization) -> None:
    run(organization, loaded_zip({"org.yaml": "name: x\nworkspaces: [{name: PM}, {name: QA, files_dir: no}]"}))
    assert not Workspace.objects.exclude(files=None).exists()
    assert not FileSet.objects.exists()


def test_a_kept_workspace_keeps_its_files_and_the_run_those_of_its_template(organization: Organization) -> None:
    run(organization, team(PM="old"))
    run(organization, team(PM="new", QA="test"))
    assert contents("PM") == {"notes.md": b"old"}
    assert FileSet.objects.count() == 3
    RunTemplate.objects.all().delete()
    assert (forget_unused_filesets(), FileSet.objects.count()) == (1, 2)


def test_files_of_what_does_not_run_are_stored_with_the_template_alone(organization: Organization) -> None:
    org = "name: x\nworkspaces: [{name: PM, files_dir: pm, spawning: false}]"
    run(organization, loaded_zip({"org.yaml": org, "pm/a": "b"}))
    assert FileSet.objects.get().runs.count() == 1


def test_a_dry_run_and_a_refused_import_store_nothing(organization: Organization) -> None:
    run(organization, loaded(SCRATCH))
    moved = team(PM="plan", Lead="lead")
    preview_import(organization, moved.template, mode=Mode.RECONCILE)
    with pytest.raises(PlanChanged):
        run(organization, moved, fingerprint="0" * 64)
    with pytest.raises(RemovalNotConfirmed):
        run(organization, moved, Mode.RECONCILE, REPLACING)
    assert not FileSet.objects.exists()


def test_a_changed_file_of_what_would_be_created_makes_the_plan_stale(organization: Organization) -> None:
    shown = preview_import(organization, team(PM="old").template, mode=Mode.MERGE)
    with pytest.raises(PlanChanged):
        run(organization, team(PM="new"), fingerprint=shown.fingerprint)
    assert not Workspace.objects.exists()


def test_history_tells_which_files_a_workspace_had(organization: Organization) -> None:
    run(organization, team(PM="plan"))
    pm = Workspace.objects.get()
    edit_workspace(pm, {"tier": 4}, actor=ALICE)
    assert pm.files_id
    assert list(pm.history.values_list("files_id", flat=True)) == [pm.files_id] * 2


def test_the_number_of_statements_does_not_depend_on_the_number_of_files(organization: Organization) -> None:
    def statements(count: int) -> int:
        place = Organization.objects.create(slug=f"o{count}", name="x")
        many = team(**{f"w{count}n{number}": f"{count} {number}" for number in range(count)})
        with CaptureQueriesContext(connection) as queries:
            run(place, many)
        return len(queries)

    assert statements(1) == statements(300)
    assert FileSet.objects.count() == 301


def test_a_preview_applies_the_files_it_was_made_from(organization: Organization, alice: User) -> None:
    preview = kept(organization, team(PM="plan"), alice)
    assert not preview.template.filesets
    apply_preview(preview, mode=Mode.MERGE, actor=ALICE)
    assert contents("PM") == {"notes.md": b"plan"}


def test_the_same_template_compared_again_still_has_its_files(organization: Organization, alice: User) -> None:
    first = kept(organization, team(PM="plan"), alice)
    again = open_preview(preview_again(first, user=alice).pk, user=alice)
    expire(first)
    keep_house()
    apply_preview(again, mode=Mode.MERGE, actor=ALICE)
    assert contents("PM") == {"notes.md": b"plan"}


def test_a_preview_that_expires_while_it_is_looked_at_changes_nothing(organization: Organization, alice: User) -> None:
    preview = kept(organization, team(PM="plan"), alice)
    expire(preview)
    keep_house()
    with pytest.raises(NotFound, match="Upload it again"):
        apply_preview(preview, mode=Mode.MERGE, actor=ALICE)
    with pytest.raises(NotFound, match="Upload it again"):
        preview_again(preview, user=alice)
    assert not Workspace.objects.exists()
    assert ImportRun.objects.get().state == ImportRun.State.FAILED
    assert not ImportPreview.objects.exists()


def test_files_that_a_preview_or_a_workspace_needs_stay(organization: Organization, alice: User) -> None:
    kept(organization, team(PM="shown"), alice)
    pm = run(organization, team(QA="used")).created
    cascade_delete(list(pm.values()), actor=ALICE)
    assert forget_unused_filesets() == 0
    assert FileSet.objects.count() == 2


def test_files_that_nothing_needs_are_forgotten_with_the_last_preview(organization: Organization, alice: User) -> None:
    expired, other = (kept(organization, team(**names), alice) for names in ({"A": "1", "B": "2"}, {"B": "2"}))
    expire(expired)
    keep_house()
    assert list(FileSet.objects.values_list("digest", flat=True)) == [*other.template.files()]


def test_housekeeping_forgets_expired_previews_and_then_their_files(organization: Organization, alice: User) -> None:
    expire(kept(organization, team(PM="plan"), alice))
    keep_house()
    assert not ImportPreview.objects.exists()
    assert not FileSet.objects.exists()


def test_forgetting_loads_no_contents(organization: Organization, alice: User) -> None:
    expire(kept(organization, team(PM="plan"), alice))
    with CaptureQueriesContext(connection) as queries:
        keep_house()
    assert not FileSet.objects.exists()
    assert not [query["sql"] for query in queries if '"content"' in query["sql"]]


def test_the_database_itself_refuses_to_lose_files_in_use(organization: Organization) -> None:
    run(organization, team(PM="plan"))
    with pytest.raises(ProtectedError):
        FileSet.objects.all().delete()
