"""The events one by one in the admin: to look at, and nothing else."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import StructureEvent
from tests.audit.events import COMPLETED, ONLINE, REMOVED, event, write
from workspaces.admin.shared import base_admin
from workspaces.admin.shared.base_admin import REACH, BoundedPaginator

LIST = "/admin/audit/structureevent/"


@pytest.fixture
def operator(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def row(db: None) -> StructureEvent:
    write(event(REMOVED, of="Infra Lead", why="<b>deleted</b>"))
    return StructureEvent.objects.get()


def test_the_list_shows_the_latest_first(operator: Client, row: StructureEvent) -> None:
    write(event(ONLINE, of="Dev Lead"))
    page = operator.get(LIST).content.decode()
    assert page.index("Dev Lead") < page.index("Infra Lead")


def test_only_visible_organizations_are_listed(operator: Client, charlie: User, row: StructureEvent) -> None:
    write(event(REMOVED, of="Theirs", organization="elsewhere"))
    theirs = StructureEvent.objects.get(organization="elsewhere")
    assert "Theirs" not in operator.get(LIST).content.decode()
    assert "Elsewhere" not in operator.get(LIST).content.decode()
    assert operator.get(f"{LIST}{theirs.pk}/change/").status_code == 404


def test_an_event_is_shown_whole_and_escaped(operator: Client, row: StructureEvent) -> None:
    page = operator.get(f"{LIST}{row.pk}/change/").content.decode()
    assert "&quot;why&quot;: &quot;&lt;b&gt;deleted&lt;/b&gt;&quot;" in page
    assert 'name="_save"' not in page


def test_nothing_can_be_added_changed_or_deleted(operator: Client, admin_client: Client, row: StructureEvent) -> None:
    for client in (operator, admin_client):
        assert client.get(f"{LIST}add/").status_code == 403
        assert client.post(f"{LIST}{row.pk}/change/", {"actor": "mallory"}).status_code == 403
        assert client.get(f"{LIST}{row.pk}/delete/").status_code == 403
        client.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert StructureEvent.objects.get().actor == "alice"
    assert "delete_selected" not in admin_client.get(LIST).content.decode()


def test_without_the_permission_there_is_no_list(bob: User, row: StructureEvent) -> None:
    client = Client()
    client.force_login(bob)
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{row.pk}/change/").status_code == 403


def test_filters_let_through_type_and_organization(operator: Client, row: StructureEvent) -> None:
    write(event(COMPLETED, run="merge", name="Dev team"))
    page = operator.get(LIST, {"event_type": COMPLETED, "organization": "acme"}).content.decode()
    assert "Dev team" in page
    assert "Infra Lead" not in page


def test_the_list_counts_no_further_than_it_reaches(operator: Client, row: StructureEvent) -> None:
    with CaptureQueriesContext(connection) as captured:
        operator.get(LIST)
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"] and "structure_events" in query["sql"]]
    assert counts
    assert all(f"LIMIT {REACH + 1}" in sql for sql in counts)


def test_the_admin_registers_it_with_that_paginator() -> None:
    assert admin.site.get_model_admin(StructureEvent).paginator is BoundedPaginator
    assert reverse("admin:audit_structureevent_changelist") == LIST


def test_an_event_leads_to_its_minute(operator: Client, row: StructureEvent) -> None:
    page = operator.get(f"{LIST}{row.pk}/change/").content.decode()
    assert 'href="/admin/timeline/?day=2026-05-12&amp;at=20:13&amp;org=acme#m-20260512-2013"' in page
    assert "2026-05-12 20:13:04" in page


def test_a_list_that_is_longer_says_so(operator: Client, row: StructureEvent, monkeypatch: pytest.MonkeyPatch) -> None:
    write(*(event(COMPLETED, run="merge", name="Dev team") for _ in range(3)))
    monkeypatch.setattr(base_admin, "REACH", 2)
    assert "more than 2 structure events" in " ".join(operator.get(LIST).content.decode().split())
