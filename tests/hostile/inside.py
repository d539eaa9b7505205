"""The attacked site from the inside: `Inside` is its organization with tokens, and checks its rows and memory after an
attack; `Open` is a second organization that hostile requests may change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection, models

from tests.sites import Site
from tests.trees import BEFORE, loaded
from workspaces.access import SYSTEM, Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Membership, Organization, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.security.tokens import issue_api_token, issue_workspace_token

# A refused import leaves its run and its events; that a token was used is noted.
MAY_CHANGE = {"ImportRun", "Counter", "ApiToken.last_used_at"}


class Inside:
    """`token` is the operator's, `agent` that of the workspace with the id `leaf`; `root` has children."""

    def __init__(self, site: Site) -> None:
        self.site, self._ask = site, site.database.ask
        self.token, self.agent, self.root, self.leaf = self._ask(_settle)

    def rows(self) -> dict[str, tuple[int, str]]:
        """Table → the number of its rows and a digest of all they hold."""
        return self._ask(lambda: {name: _digest(model) for name, model in _tables()})

    def open_to_all(self) -> Open:
        """A superuser's token, and two workspaces of another organization, for requests that may succeed."""
        return self._ask(_opened)


def _settle() -> tuple[str, str, UUID, UUID]:
    organization = Organization.objects.create(slug="acme", name="Acme")
    operator = User.objects.create(username="alice", is_staff=True)
    operator.groups.add(Group.objects.get(name="Operator"))
    Membership.objects.create(organization=organization, user=operator)
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=Actor.of(operator))
    root, leaf = (Workspace.objects.get(organization=organization, name=name) for name in ("PM", "QA Engineer"))
    return issue_api_token(operator), issue_workspace_token(leaf, actor=SYSTEM), root.pk, leaf.pk


@dataclass(frozen=True, kw_only=True)
class Open:
    """`agent` is the token of `workspace`; the other two are not touched by an undo of `run`."""

    token: str
    agent: str
    workspace: UUID
    doomed: UUID
    run: UUID


def _opened() -> Open:
    organization = Organization.objects.get(slug="default")
    root = User.objects.create(username="root", is_staff=True, is_superuser=True)
    apply_import(organization, loaded({"PM": {}, "Doomed": {}}), mode=Mode.MERGE, actor=Actor.of(root))
    run = apply_import(organization, loaded({"Passing": {}}), mode=Mode.MERGE, actor=Actor.of(root)).run
    kept, doomed = (Workspace.objects.get(organization=organization, name=name) for name in ("PM", "Doomed"))
    return Open(
        token=issue_api_token(root),
        agent=issue_workspace_token(kept, actor=SYSTEM),
        workspace=kept.pk,
        doomed=doomed.pk,
        run=run.pk,
    )


def _tables() -> Iterator[tuple[str, type[models.Model]]]:
    for model in apps.get_app_config("workspaces").get_models(include_auto_created=True):
        if model.__name__ not in MAY_CHANGE:
            yield model.__name__, model


def _digest(model: type[models.Model]) -> tuple[int, str]:
    """In plain SQL, because it is asked after each of hundreds of requests."""
    columns = [f.column for f in model._meta.concrete_fields if f"{model.__name__}.{f.name}" not in MAY_CHANGE]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {model._meta.db_table}")
        rows = sorted(map(repr, cursor.fetchall()))
    return len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
