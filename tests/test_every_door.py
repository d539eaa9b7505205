"""Every address of the site, as the resolver knows it, with every kind of caller. The table is in `tests/doors.py`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse, SimpleCookie
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from audit.models import StructureEvent
from tests.databases import shared_rows
from tests.doors import API, TABLE, Answers, Row
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import (
    ApiToken,
    Container,
    ImportPreview,
    ImportRun,
    Membership,
    Organization,
    Schedule,
    Workspace,
    WorkspaceToken,
)
from workspaces.services.containers.desired_state import want_each_running
from workspaces.services.imports.importing import apply_import
from workspaces.services.imports.previews import store_preview
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.tokens import issue_api_token, issue_workspace_token
from workspaces.services.undo.undoing import preview_restore, preview_undo

PAGE_METHODS, METHODS = ("GET", "POST"), ("GET", "POST", "PUT", "PATCH", "DELETE")
SECRETS = ("Acme Secret Works", "Pantry", "Larder", "Cellar", "Recipes")  # names that only members may read
KEPT = (Workspace, Organization, Membership, ApiToken, WorkspaceToken, ImportRun, ImportPreview, Container, Schedule)
APP_LABELS = re.compile(r"\^\(\?P<app_label>[\w|]+\)/\$")  # in the order in which the admin heard of them
PASSING = {"last_used_at", "last_login"}  # the moments of looking at something


def addresses(patterns: list[URLPattern | URLResolver], above: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = above + APP_LABELS.sub("<app_label>/", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route, pattern.callback


def asked() -> list[tuple[str, str]]:
    """Address and method: of a view of the API those it has, of any other GET and POST."""
    found = []
    for route, view in addresses(get_resolver().url_patterns):
        cls = getattr(view, "cls", None)
        found += [(route, each) for each in (METHODS if cls else PAGE_METHODS) if not cls or hasattr(cls, each.lower())]
    assert len(found) > 100
    return sorted(set(found))


@pytest.mark.parametrize(("route", "method"), asked())
def test_every_address_has_its_row(route: str, method: str) -> None:
    assert method in TABLE.get(route, {}), (
        f"{method} {route!r} has no row: say in tests/doors.py (TABLE) what it answers to each kind of caller."
    )


def test_no_row_is_of_an_address_that_is_gone() -> None:
    known = set(asked())
    gone = [(route, method) for route, rows in TABLE.items() for method in rows if (route, method) not in known]
    assert not gone, f"{gone}: nobody answers there any more; take the rows out of tests/doors.py."


# ---- the world


@dataclass
class World:
    """An organization with something of everything, and what callers need to come in; `cookies` are of `sessions`."""

    ids: dict[str, Any]
    sessions: dict[str, User]
    cookies: dict[str, SimpleCookie]
    tokens: dict[str, str]
    agents: dict[str, str]

    def fill(self, text: str) -> str:
        return text.format(**self.ids)

    def address(self, route: str) -> str:
        """The route with the organization's own ids in it."""
        if route.startswith("^(?!"):
            return "/nothing/here"
        route = route.replace("^([^/]+)/history/([^/]+)/$", "{leaf}/history/{version}/")
        route = route.replace("<app_label>", "workspaces").replace("(?P<url>.*)$", "no/")
        model = re.match(r"admin/\w+/(\w+)/", route)
        key = self.ids.get(model[1], "") if model else self.ids["leaf"]
        route = re.sub(r"<path:object_id>|<id>", str(key), route)
        return "/" + self.fill(re.sub(r"<\w+:(\w+)>", r"{\1}", route))

    def client(self, caller: str, *, route: str, session: bool = False) -> tuple[Client, dict[str, str]]:
        """A browser, or a program with a token in its header."""
        client, agent = Client(), route.rstrip("/").endswith(("heartbeat", "register"))
        is_page = route.rstrip("/") not in API
        text = self.agents.get(caller) if agent else None
        if text is None and caller in self.sessions and (is_page or session):
            client.cookies.update(self.cookies[caller])
            return client, {}
        text = text or self.tokens.get(caller, "")
        return client, {"Authorization": f"Bearer {text}"} if text else {}


@pytest.fixture(scope="module")
def furnished(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once for all tests of a module."""
    with shared_rows(furnish, blocker=django_db_blocker) as world:
        yield world


@pytest.fixture
def world(furnished: World, db: None) -> World:
    """As it was made, whatever the test before did to it."""
    cache.clear()
    return deepcopy(furnished)


def furnish() -> World:
    acme = Organization.objects.create(slug="acme-secret", name="Acme Secret Works")
    other = Organization.objects.create(slug="other", name="Other")
    people = {"right": _user("right", acme), "stranger": _user("stranger", other)}
    people["unprivileged"] = _user("unprivileged", acme, rights=False)
    actor = Actor.of(people["right"])
    run = apply_import(
        acme, loaded({"Pantry": {"Larder": {}}, "Cellar": {}}), mode=Mode.MERGE, actor=actor, reason="Recipes"
    ).run
    apply_import(other, loaded({"Theirs": {}}), mode=Mode.MERGE, actor=actor)
    leaf, theirs = Workspace.objects.get(name="Larder"), Workspace.objects.get(name="Theirs")
    now = timezone.now()
    gone = _removed_with_data(Workspace.objects.get(name="Cellar"), actor)
    Container.objects.create(
        workspace=leaf,
        organization=acme,
        desired="running",
        observed="absent",
        due_at=now + timedelta(days=1),  # never late, however long the tests take
        changed_at=now,
        last_error="no",
        generation=1,
    )
    right = people["right"]
    tokens = {name: issue_api_token(user, name="Recipes" if user == right else "") for name, user in people.items()}
    tokens["read_only"] = issue_api_token(right, read_only=True)
    tokens["expired"] = issue_api_token(right, expires_at=now - timedelta(seconds=1))
    tokens["revoked"] = _revoked(ApiToken, issue_api_token(right))
    agents = {"right": issue_workspace_token(leaf, actor=actor), "stranger": issue_workspace_token(theirs, actor=actor)}
    agents["revoked"] = _revoked(WorkspaceToken, issue_workspace_token(leaf, actor=actor))
    agent_token = WorkspaceToken.objects.filter(workspace=leaf, revoked_at=None).get().pk
    api_token = ApiToken.objects.filter(user=right, name="Recipes").get().pk
    event = StructureEvent.objects.filter(workspace_id=leaf.pk)[0]
    ids = {
        "slug": acme.slug, "leaf": leaf.pk, "gone": gone.pk, "workspace_id": leaf.pk, "workspace": leaf.pk,
        "organization": acme.pk,
        "run_id": run.pk, "preview_id": store_preview(acme, loaded({"Pantry": {}}), user=right).pk,
        "version": leaf.history.latest().pk, "structureevent": event.pk,
        "user": people["unprivileged"].pk, "group": Group.objects.all()[0].pk, "apitoken": api_token,
        "workspacetoken": agent_token, "api_token": api_token, "agent_token": agent_token,
        "content_type_id": ContentType.objects.get_for_model(Workspace).pk,
        "undo_plan": preview_undo(run).fingerprint, "restore_plan": preview_restore(acme, [gone.pk]).fingerprint,
        "doom": hashlib.sha256(leaf.pk.bytes).hexdigest(),
    }  # fmt: skip
    cookies = {name: signed_in(user) for name, user in people.items()}
    return World(ids=ids, sessions=people, cookies=cookies, tokens=tokens, agents=agents)


def _removed_with_data(workspace: Workspace, actor: Actor) -> Workspace:
    """It is removed, and its data waits."""
    want_each_running([workspace], now=timezone.now())
    cascade_delete([workspace.pk], actor=actor, reason="Recipes")
    Container.objects.filter(pk=workspace.pk).update(due_at=None, released_at=timezone.now())
    return workspace


def signed_in(user: User) -> SimpleCookie:
    """The cookies of a browser in which they have signed in."""
    client = Client()
    client.force_login(user)
    return client.cookies


def _user(name: str, organization: Organization, *, rights: bool = True) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.all() if rights else [])
    Membership.objects.create(organization=organization, user=user)
    return user


def _revoked(model: Any, text: str) -> str:
    model.objects.filter(pk=model.objects.latest("pk").pk).update(revoked_at=timezone.now())
    return text


# ---- the walk


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """All that a request could change: model → rows. Asked in plain SQL, because it is asked a thousand times."""
    found = {}
    with connection.cursor() as cursor:
        for model in (*KEPT, User):
            columns = ", ".join(f.column for f in model._meta.concrete_fields if f.name not in PASSING)
            cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} ORDER BY {model._meta.pk.column}")
            found[model.__name__] = cursor.fetchall()
    return found


def ask(world: World, row: Row, method: str, route: str, caller: str, **how: Any) -> HttpResponse:
    client, headers = world.client(caller, route=route, **how)
    address = world.address(route) + (f"?{world.fill(row.query)}" if row.query else "")
    if row.json is not None:
        return client.generic(method, address, _json(world, row.json), "application/json", headers=headers)
    if method == "POST" and not route.startswith("workspaces"):
        return client.post(address, _form(world, row.form), headers=headers)
    return client.generic(method, address, headers=headers)


def _form(world: World, form: Mapping[str, str]) -> dict[str, Any]:
    filled = {key: world.fill(value) for key, value in form.items()}
    return filled | ({"file": SimpleUploadedFile("dev.yaml", filled["file"].encode())} if "file" in filled else {})


def _json(world: World, body: Mapping[str, Any]) -> str:
    return json.dumps(body).replace("{slug}", world.ids["slug"])


def check(answer: HttpResponse, wanted: int | str, caller: str) -> None:
    if wanted == "login":
        assert (answer.status_code, answer.get("Location", "")[:13]) == (302, "/admin/login/"), caller
    else:
        assert answer.status_code == wanted, f"{caller}: {answer.content[:600]!r}"
        assert not answer.get("Location", "").startswith("/admin/login/"), caller


@pytest.mark.parametrize(("route", "method"), [each for each in asked() if each[1] in TABLE.get(each[0], {})])
def test_every_caller_hears_what_she_should(world: World, route: str, method: str) -> None:
    row, refused = TABLE[route][method], Answers._fields[:-1]
    before = rows()
    for caller in refused:
        for session in (False, True) if caller in world.sessions and route.rstrip("/") in API else (False,):
            answer = ask(world, row, method, route, caller, session=session)
            check(answer, getattr(row.answers, caller), caller)
            if caller not in ("read_only", "unprivileged"):
                text = answer.content.decode()
                assert not [each for each in SECRETS if each in text], f"{caller} reads what is not hers"
    assert rows() == before, f"one of {', '.join(refused)} changed something"
    check(ask(world, row, method, route, "right"), row.answers.right, "right")


@pytest.mark.once
@pytest.mark.parametrize("route", [route for route in TABLE if not route.startswith("^")])
def test_methods_that_nobody_offers_change_nothing(world: World, route: str) -> None:
    before = rows()
    for method in set(METHODS) - set(TABLE[route]):
        client, headers = world.client("right", route=route)
        answer = client.generic(method, world.address(route), headers=headers)
        assert answer.status_code == 405 or route.rstrip("/") not in API, (method, answer.status_code)
        assert answer.status_code < 500
    assert rows() == before


@pytest.mark.parametrize("route", [route for route in TABLE if "<" in route and "admin/auth" not in route])
def test_what_is_hidden_looks_like_what_never_was(world: World, route: str) -> None:
    """The same status for the same caller, whether the ids are another organization's or nobody's."""
    missing = {**world.ids, **{key: 10**9 for key, value in world.ids.items() if isinstance(value, int)}}
    nobody = "00000000-0000-4000-8000-000000000000"
    missing |= dict.fromkeys(("leaf", "gone", "workspace_id", "workspace", "run_id", "preview_id"), nobody)
    unknown = replace(world, ids=missing | {"slug": "nowhere"})
    for method, row in TABLE[route].items():
        hidden, never = (ask(each, row, method, route, "stranger") for each in (world, unknown))
        assert hidden.status_code == never.status_code
        if hidden.status_code == 404:
            assert _shape(hidden) == _shape(never)


def _shape(answer: HttpResponse) -> str:
    """The text without what differs between any two answers."""
    return re.sub(r"csrfmiddlewaretoken\" value=\"\w+|[0-9a-f]{8}-[0-9a-f-]{27}", "", answer.content.decode())
