"""Fixtures for the API's tests: alice, bob and charlie with a token each, and alice's organization with a tree."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from tests.trees import BEFORE, loaded
from workspaces.access import SYSTEM, Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.security.tokens import issue_api_token, issue_workspace_token


@dataclass
class Caller:
    """Somebody with a token. Bodies that are no text are sent as JSON, arguments by name are the query."""

    token: str = ""
    client: Client = field(default_factory=Client)

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.client.get(path, query, headers=self.headers)

    def post(self, path: str, body: Any = None, *, type: str = "application/json", **query: Any) -> HttpResponse:
        return self.send("POST", path, body, type=type, **query)

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self.send("PATCH", path, body)

    def delete(self, path: str, **query: Any) -> HttpResponse:
        return self.client.delete(path, query_params=query, headers=self.headers)

    def upload(self, path: str, **form: Any) -> HttpResponse:
        return self.client.post(path, form, headers=self.headers)

    def send(self, method: str, path: str, body: Any, *, type: str = "application/json", **query: Any) -> HttpResponse:
        data = b"" if body is None else body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.generic(method, path, data, type, query_params=query, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@pytest.fixture(autouse=True)
def _passwords_are_hashed_fast(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def anybody(db: None) -> Caller:
    return Caller()


@pytest.fixture
def as_alice(alice: User) -> Caller:
    return Caller(issue_api_token(alice))


@pytest.fixture
def as_bob(bob: User) -> Caller:
    return Caller(issue_api_token(bob))


@pytest.fixture
def as_charlie(charlie: User) -> Caller:
    return Caller(issue_api_token(charlie))


@pytest.fixture
def tree(organization: Organization, actor: Actor) -> Organization:
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    return organization


@pytest.fixture
def named(tree: Organization) -> Callable[[str], Workspace]:
    return lambda name: Workspace.objects.get(organization=tree, name=name)


@pytest.fixture
def as_agent(named: Callable[[str], Workspace]) -> Caller:
    """The agent of "QA Engineer"."""
    return Caller(issue_workspace_token(named("QA Engineer"), actor=SYSTEM))
