"""A site that has answered many requests holds no more than after its first ones."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection  # noqa: F401 - named in the mark
from django.http import HttpRequest, HttpResponse
from django.template.context import BaseContext
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.models import StructureEvent
from bench.mixed import Caller, requests
from bench.site import running_site
from orgsite.server.asgi_layers import Handler
from tests.databases import migrated_database
from workspaces.access import Actor
from workspaces.core.template import Node
from workspaces.models import Organization, Workspace
from workspaces.services.workspace.adding import create_workspace

WARM, REQUESTS, NODES, GROWTH = 40, 160, 500, 32  # MiB; each request left three quarters of one behind


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="it takes long; PostgreSQL's half shows this")
def test_what_mixed_requests_leave_behind_is_bounded(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    with migrated_database(tmp_path, unblock=django_db_blocker.unblock) as database:
        caller = database.ask(_caller)
        with running_site(DATABASE_URL=database.address, ORGSITE_THROTTLE="off") as site:
            asked = islice(requests(site, caller, org="acme", nodes=NODES), REQUESTS)
            held = [site.resident() for _ in asked]
    assert held[-1] - held[WARM] < GROWTH, f"{held[WARM]:.0f} → {held[-1]:.0f} MiB"


def _caller() -> Caller:
    Organization.objects.create(slug="acme", name="Acme")
    return Caller.of(get_user_model().objects.create_superuser("root"))


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path",
    ["/workspaces", "/workspaces/nobody", "/events", "/docs", "/nowhere", "/admin/", "/admin/timeline/", "/admin/no"],
)
@pytest.mark.parametrize("session", [True, False], ids=["superuser", "stranger"])
def test_request_and_answer_are_gone_when_it_is_sent(path: str, session: bool, client: Client) -> None:
    if session:
        client.force_login(User.objects.create_superuser("root"))
    with _collector_at_rest():
        _get(path, "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()))
        left = [each for each in gc.get_objects() if issubclass(type(each), KINDS) and _holds_something(each)]
    assert not left


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/workspaces", "/workspaces/{id}", "/events"])
def test_what_a_list_shows_does_not_wait_for_the_collector(path: str, client: Client, actor: Actor) -> None:
    acme = Organization.objects.create(slug="acme", name="Acme")
    key = create_workspace(acme, Node(path="", name="PM"), parent_id=None, actor=actor).pk
    client.force_login(User.objects.create_superuser("root"))
    with _collector_at_rest():
        _get(path.format(id=key), "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()))
        left = [each for each in gc.get_objects() if isinstance(each, Workspace | StructureEvent)]
    assert not left


KINDS = (HttpRequest, HttpResponse, Request, APIView, BaseContext)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """`gc.get_objects()` has only what was made since."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


def _holds_something(thing: Any) -> bool:
    """An emptied one may wait for the collector. The templates of single form fields are too small to matter."""
    return len(vars(thing).get("dicts", ())) > 1 if isinstance(thing, BaseContext) else bool(vars(thing))


@async_to_sync
async def _get(path: str, cookies: str) -> None:
    headers = [(b"host", b"localhost"), (b"cookie", cookies.encode()), (b"accept", b"*/*")]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    talk = ApplicationCommunicator(Handler(), scope)
    await talk.send_input({"type": "http.request", "body": b""})
    while (await talk.receive_output(30))["type"] != "http.response.body":
        pass
    await talk.wait(30)
