"""The files of an uploaded zip wait with its preview."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.admin.pages import live_names, named, text
from tests.zips import packed
from workspaces.admin.preview import preview_pages
from workspaces.models import ImportPreview, Organization
from workspaces.services.containers.provisioning import stored_files
from workspaces.services.imports.previews import Preview, open_preview
from workspaces.services.plans.stored_plans import forget_unused_filesets

pytestmark = pytest.mark.once
FILES = {"org.yaml": "name: x\nworkspaces: [{name: PM, files_dir: pm}]", "pm/notes.md": "plan"}


@pytest.fixture
def uploaded(operator: Client, organization: Organization) -> str:
    """The address of its preview."""
    sent = {"org": organization.slug, "file": SimpleUploadedFile("dev.zip", packed(FILES))}
    return operator.post(reverse("admin:import"), sent)["Location"]


def test_they_come_with_what_is_created_from_a_later_comparison_too(operator: Client, uploaded: str) -> None:
    again = operator.post(uploaded, {"again": ""})["Location"]
    ImportPreview.objects.earliest("created_at").delete()
    forget_unused_filesets()
    operator.post(again, {"mode": "merge"})
    assert stored_files(named("PM")) == [("notes.md", 4)]


@pytest.mark.parametrize("pressed", [{"again": ""}, {"mode": "merge"}])
def test_a_preview_that_goes_under_the_hand_is_not_found(
    operator: Client, uploaded: str, pressed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes, and its files go, between the moment it is opened and what was asked of it."""

    def open_and_forget(preview_id: UUID, *, user: User) -> Preview:
        opened = open_preview(preview_id, user=user)
        ImportPreview.objects.all().delete()
        forget_unused_filesets()
        return opened

    monkeypatch.setattr(preview_pages, "open_preview", open_and_forget)
    assert operator.post(uploaded, pressed).status_code == 404
    assert not live_names()


def test_a_changed_file_is_named_with_its_size_and_a_dropped_one_stays_in_the_volume(
    operator: Client, organization: Organization, uploaded: str
) -> None:
    operator.post(uploaded, {"mode": "merge"})
    changed = {"org.yaml": FILES["org.yaml"], "pm/start.md": "begin"}
    sent = {"org": organization.slug, "file": SimpleUploadedFile("dev.zip", packed(changed))}
    page = text(operator.get(operator.post(reverse("admin:import"), sent)["Location"]))
    assert "<summary><bdi>files › start.md</bdi>, <bdi>files › notes.md</bdi></summary>" in page
    assert re.search(r"files › start.md</bdi></th>.*?–</td> ?<td[^>]*>5 bytes</td>.*?update, without a restart", page)
    assert re.search(r"files › notes.md</bdi></th>.*?4 bytes</td> ?<td[^>]*>–</td>.*?left in /config", page)
