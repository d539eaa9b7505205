"""The import page: what can be chosen, and what a refused template looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.admin.pages import live_names, text, upload
from tests.trees import AFTER, BEFORE
from workspaces.models import ImportPreview, ImportRun, Organization
from workspaces.services.imports.importing import Applied

pytestmark = pytest.mark.once
IMPORT = "/admin/import/"


@pytest.fixture
def directories(tmp_path: Path, settings: Any) -> Path:
    settings.ORGSITE_TEMPLATES_DIR = tmp_path
    for name, content in (("good", "name: Good\nworkspaces: [{name: PM}]"), ("broken", "name: Broken\nworkspaces: 5")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "org.yaml").write_text(content)
    return tmp_path


def test_the_form_offers_only_organizations_of_the_user(
    operator: Client, elsewhere: Organization, live: Callable[..., Applied]
) -> None:
    live()
    page = text(operator.get(IMPORT))
    assert "Acme (9 live)" in page
    assert "Elsewhere" not in page


def test_an_upload_is_previewed_and_changes_no_workspace(preview: Callable[..., str]) -> None:
    address = preview(BEFORE)
    assert address == reverse("admin:import_preview", args=[ImportPreview.objects.get().pk])
    assert live_names() == []
    assert not ImportRun.objects.exists()


def test_a_directory_of_the_server_can_be_previewed(
    operator: Client, organization: Organization, directories: Path
) -> None:
    answer = operator.post(IMPORT, {"org": organization.slug, "dir": "good"}, follow=True)
    assert "Preview: <strong>good</strong>" in text(answer)


def test_a_directory_that_does_not_load_is_disabled_with_its_reason(operator: Client, directories: Path) -> None:
    page = text(operator.get(IMPORT))
    assert 'value="broken" disabled' in page
    assert "cannot be imported" in page


def test_a_box_lets_prompt_files_be_missing(operator: Client, organization: Organization, directories: Path) -> None:
    org = "name: Good\nworkspaces: [{name: PM, initial_prompt_file: gone.md}]"
    (directories / "good" / "org.yaml").write_text(org)
    refused = operator.post(IMPORT, {"org": organization.slug, "dir": "good"})
    assert refused.status_code == 400
    assert "gone.md does not exist" in text(refused)
    assert 'value="good" checked' in text(refused)
    asked = {"org": organization.slug, "dir": "good", "missing_files": "warn"}
    assert "gone.md does not exist, so the prompt is empty" in text(operator.post(IMPORT, asked, follow=True))


def test_a_file_wins_over_a_directory(operator: Client, organization: Organization, directories: Path) -> None:
    sent = {"org": organization.slug, "dir": "good", "file": upload(AFTER)}
    assert "<strong>dev.yaml</strong>" in text(operator.post(IMPORT, sent, follow=True))


def test_every_error_of_a_template_is_shown_with_its_place(operator: Client, organization: Organization) -> None:
    broken = "name: X\nworkspaces:\n  - name: PM\n    tier: 9\n  - name: ''\n"
    answer = operator.post(IMPORT, {"org": organization.slug, "file": SimpleUploadedFile("x.yaml", broken.encode())})
    page = text(answer)
    assert answer.status_code == 400
    assert "<code>x.yaml:4</code> <code>workspaces[0].tier</code>" in page
    assert "<code>x.yaml:5</code> <code>workspaces[1].name</code>" in page
    assert "Nothing was changed" in page


def test_nothing_chosen_is_said_on_the_same_page(operator: Client, organization: Organization) -> None:
    answer = operator.post(IMPORT, {"org": organization.slug})
    assert answer.status_code == 400
    assert "Choose a file" in text(answer)


def test_another_organization_does_not_exist(operator: Client, elsewhere: Organization) -> None:
    assert operator.post(IMPORT, {"org": elsewhere.slug, "file": upload(BEFORE)}).status_code == 404
    assert operator.post(IMPORT, {"org": "a\0b", "file": upload(BEFORE)}).status_code == 404


def test_a_viewer_may_not_import(viewer: Client) -> None:
    assert viewer.get(IMPORT).status_code == 403


def test_the_latest_imports_say_how_many_duplicates_they_left(operator: Client, live: Callable[..., Applied]) -> None:
    live(BEFORE)
    live(AFTER)
    page = text(operator.get(IMPORT))
    assert "+8 =1 -0" in page
    assert "done, left 8 duplicates" in page


def test_who_may_add_an_organization_is_led_there(operator: Client, root: Client) -> None:
    address = reverse("admin:workspaces_organization_add")
    assert f'href="{address}">New organization…</a>' in text(root.get(IMPORT))
    assert address not in text(operator.get(IMPORT))


def test_large_numbers_are_written_so_that_they_can_be_read(
    operator: Client, live: Callable[..., Applied], preview: Callable[..., str]
) -> None:
    run = live({f"W{number:04}": {} for number in range(1100)}).run
    assert "Acme (1,100 live)" in text(operator.get(IMPORT))
    assert "+1,100 =0" in text(operator.get(IMPORT))
    assert "<dd>1,100</dd>" in text(operator.get(reverse("admin:run", args=[run.pk])))
    assert "compared with all 1,100 live workspaces" in text(operator.get(preview(BEFORE)))
