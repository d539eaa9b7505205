"""An address behind which there is no preview: one page, whatever the reason, so that it gives nothing away."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from tests.admin.pages import text
from tests.trees import BEFORE, Tree
from workspaces.models import ImportPreview

pytestmark = pytest.mark.once
Preview = Callable[[Tree], str]


@pytest.fixture
def nowhere() -> str:
    return reverse("admin:import_preview", args=[uuid4()])


@pytest.fixture
def expired(preview: Preview) -> str:
    address = preview(BEFORE)
    ImportPreview.objects.update(expires_at=ImportPreview.objects.get().created_at)
    return address


def words(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 404
    return re.sub('name="csrfmiddlewaretoken" value="[^"]*"', "", text(answer))


def test_an_expired_preview_says_how_long_they_are_kept_and_where_to_go(operator: Client, expired: str) -> None:
    page = words(operator, expired)
    assert "a preview is kept for 1 day" in page
    assert f'href="{reverse("admin:import")}">Upload again</a>' in page


def test_applying_an_expired_preview_leads_to_the_same_page(operator: Client, expired: str) -> None:
    answer = operator.post(expired, {"mode": "merge"})
    assert answer.status_code == 404
    assert "Upload again" in text(answer)


def test_an_expired_preview_looks_like_one_that_never_was(operator: Client, expired: str, nowhere: str) -> None:
    assert words(operator, expired) == words(operator, nowhere)


def test_another_organizations_preview_looks_like_one_that_never_was(
    stranger: Client, preview: Preview, nowhere: str
) -> None:
    assert words(stranger, preview(BEFORE)) == words(stranger, nowhere)


def test_its_plan_is_not_there_either(operator: Client, expired: str) -> None:
    assert operator.get(f"{expired}plan.json").status_code == 404
