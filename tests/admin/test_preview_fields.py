"""Fields in a preview: what the template changes, and what people changed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.admin.pages import named, text
from workspaces.access import Actor
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.workspace.editing import edit_workspace

Upload = Callable[..., str]
NIGHTLY = {"name": "Nightly", "cron_expr": "0 2 * * *", "prompt": "Build"}


@pytest.fixture
def upload(operator: Client, organization: Organization) -> Upload:
    """Upload a template with one workspace of these fields; the address of its preview."""

    def ask(**fields: object) -> str:
        document = yaml.safe_dump({"name": "Dev team", "workspaces": [{"name": "PM", **fields}]})
        file = SimpleUploadedFile("dev.yaml", document.encode())
        return operator.post(reverse("admin:import"), {"org": organization.slug, "file": file})["Location"]

    return ask


def cells(page: str, field: str) -> list[str]:
    """The field's row in its table: declared last, live, template, result."""
    row = re.search(rf'<tr><th scope="row"><bdi>{field}</bdi></th>(.*?)</tr>', page)
    assert row, f"no row of {field}"
    return [re.sub(r"<[^>]+>", "", each).strip() for each in re.findall(r"<td.*?>(.*?)</td>", row[1])]


def applied(operator: Client, address: str, mode: str = "merge", **options: str) -> ImportRun:
    answer = operator.post(address, {"mode": mode, "confirm_removals": "0", **options})
    assert answer.status_code == 302, text(answer)
    return ImportRun.objects.get(pk=answer["Location"].split("/")[-2])


def test_what_the_template_changed_is_shown_field_by_field(operator: Client, upload: Upload) -> None:
    applied(operator, upload(role="Leads", schedules=[NIGHTLY]))
    page = text(operator.get(upload(role="Leads all", schedules=[{**NIGHTLY, "cron_expr": "30 1 * * *"}])))
    assert cells(page, "role") == ["Leads", "Leads", "Leads all", "update, without a restart"]
    assert cells(page, "schedule › Nightly")[2] == "30 1 * * *, UTC: Build"
    assert "2 fields, no restart" in page
    assert "<summary><bdi>role</bdi>, <bdi>schedule › Nightly</bdi></summary>" in page


def test_nothing_to_do_is_said_only_where_no_field_differs(operator: Client, upload: Upload) -> None:
    applied(operator, upload(role="Leads"))
    assert "Nothing to do." in text(operator.get(upload(role="Leads")))
    page = text(operator.get(f"{upload(role='Leads all')}?options=1"))
    assert "Nothing to do" not in page
    assert "Nothing to create, move or remove.</b> 1 workspace differs from the template." in page


def test_reconcile_updates_and_merge_says_what_it_leaves(operator: Client, upload: Upload) -> None:
    applied(operator, upload(role="Leads"))
    address = upload(role="Leads all")
    assert "1 differs: reconcile would update it." in text(operator.get(address))
    assert applied(operator, address, "reconcile").updated_count == 1
    assert named("PM").role == "Leads all"


def test_drift_is_left_and_told(operator: Client, upload: Upload, actor: Actor) -> None:
    applied(operator, upload(role="Leads", tier=2))
    edit_workspace(named("PM"), {"role": "Rests"}, actor=actor)
    page = text(operator.get(upload(role="Leads", tier=3)))
    assert "1 drift, left as it is" in page
    assert cells(page, "role") == [
        "Leads", "Rests", "Leads", "left: changed here, not in the template. Overwrite would set “Leads”"
    ]  # fmt: skip
    assert "Leaves 1 drift." in page


def test_a_conflict_is_left_and_then_overwritten(operator: Client, upload: Upload, actor: Actor) -> None:
    applied(operator, upload(role="Leads"))
    edit_workspace(named("PM"), {"role": "Rests"}, actor=actor)
    Workspace.objects.update(differs="drift")  # as an edit by hand writes it
    address = upload(role="Leads all")
    page = text(operator.get(address))
    assert "1 conflict, left as it is" in page
    assert cells(page, "role")[3].startswith("left: changed here and in the template, differently.")
    page = text(operator.get(f"{address}?overwrite=1"))
    assert cells(page, "role") == ["Leads", "Rests", "Leads all", "update, without a restart"]
    applied(operator, address, "reconcile", overwrite="1")
    assert named("PM").role == "Leads all"


def test_values_are_foreign_text(operator: Client, upload: Upload) -> None:
    applied(operator, upload(role="Leads"))
    page = text(operator.get(upload(role="<script>alert(1)</script>")))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_run_tells_which_fields_it_changed(operator: Client, upload: Upload) -> None:
    applied(operator, upload(role="Leads"))
    run = applied(operator, upload(role="Leads all"), "reconcile")
    page = text(operator.get(f"/admin/runs/{run.pk}/"))
    assert "Done. 1 workspace updated, 0 kept; 1 are live." in page
    assert "Updated</span>" in page
    assert '<th scope="row">role</th><td class="a">Leads</td><td class="b">Leads all</td>' in page


def test_a_workspace_shows_what_differs_from_its_template(operator: Client, upload: Upload, actor: Actor) -> None:
    applied(operator, upload(role="Leads"))
    edit_workspace(named("PM"), {"role": "Rests"}, actor=actor)
    page = text(operator.get(f"/admin/workspaces/workspace/{named('PM').pk}/change/"))
    assert "Differs from its template" in page
    assert '<td data-l="Live" class="ours">Rests</td>' in page


def test_the_list_has_those_that_differ(operator: Client, upload: Upload) -> None:
    applied(operator, upload(children=[{"name": "Ann"}]))
    Workspace.objects.filter(name="Ann").update(differs="conflict")
    page = text(operator.get("/admin/workspaces/workspace/?differs=yes"))
    assert "1 found" in page
    assert '<span class="ws-flag">conflict</span>' in page
    assert re.search(r'differs=yes" aria-current="true">Differs from it</a> <span>1</span>', page)


def test_an_edit_that_will_be_drift_says_so_before_it_is_saved(operator: Client, upload: Upload) -> None:
    applied(operator, upload(role="Leads"))
    page = text(operator.get(f"/admin/workspaces/workspace/{named('PM').pk}/change/"))
    assert "The template <bdi>Dev team</bdi> declares role and tier, too." in page
