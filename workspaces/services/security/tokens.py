"""Tokens: shown once when made, stored as SHA-256, found again by it.

A plain SHA-256 is enough: a token has 256 random bits, so it cannot be guessed, and a slow hash would add nothing. An
indexed look-up is enough, without a comparison in constant time: its duration could reveal something about stored
digests only, and a digest does not lead back to its token.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.event_types import TOKEN_CREATED, TOKEN_FIRST_USED, TOKEN_REVOKED
from lib.database_clock import database_now
from lib.optional_writes import suppress_lost_writes
from workspaces.access import Actor
from workspaces.core.names import clean_name
from workspaces.errors import InvalidRequest, WorkspaceRemoved
from workspaces.models import ApiToken, Organization, Workspace, WorkspaceToken
from workspaces.services.security.security_events import record_token, record_tokens

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_LENGTH = 128
WORKSPACE_PREFIX = "ws_"
USE_GRAIN = timedelta(minutes=1)


def issue_api_token(
    user: User,
    *,
    actor: Actor | None = None,
    name: str = "",
    expires_at: datetime | None = None,
    read_only: bool = False,
) -> str:
    """Make a REST token of the user, by `actor` (default: the user), and return its text, which is not stored.

    Raises InvalidRequest for a name that cannot be stored.
    """
    text = f"org_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=_name(name),
            digest=digest(text),
            read_only=read_only,
            created_at=database_now(),
            expires_at=expires_at,
        )
        record_token(TOKEN_CREATED, token, actor=actor or Actor.of(user))
    return text


def issue_workspace_token(workspace: Workspace, *, actor: Actor) -> str:
    """Make an access token for the workspace's agent, and return its text, which is not stored.

    Raises WorkspaceRemoved.
    """
    text = f"{WORKSPACE_PREFIX}{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        Organization.objects.lock([workspace.organization_id])
        if not Workspace.objects.live().filter(pk=workspace.pk).exists():
            raise WorkspaceRemoved("A removed workspace gets no token.")
        token = WorkspaceToken.objects.create(workspace=workspace, digest=digest(text), created_at=database_now())
        record_token(TOKEN_CREATED, token, actor=actor)
    return text


def revoke_api_tokens(tokens: QuerySet[ApiToken], *, actor: Actor) -> int:
    """Revoke the tokens that are not revoked yet; return how many."""
    with transaction.atomic():
        usable = list(
            tokens.filter(revoked_at=None).select_related("user").order_by("pk").select_for_update(of=("self",))
        )
        ApiToken.objects.filter(pk__one_of=[token.pk for token in usable]).update(revoked_at=database_now())
        record_tokens(TOKEN_REVOKED, usable, actor=actor)
    return len(usable)


def revoke_workspace_tokens(tokens: QuerySet[WorkspaceToken], *, actor: Actor) -> int:
    """The same for workspaces' tokens. A cascade delete does not use it: its event is `workspace.removed`."""
    with transaction.atomic():
        rows = tokens.filter(revoked_at=None).select_related("workspace__organization").order_by("pk")
        usable = list(rows.select_for_update(of=("self",)))
        WorkspaceToken.objects.filter(pk__one_of=[token.pk for token in usable]).update(revoked_at=database_now())
        record_tokens(TOKEN_REVOKED, usable, actor=actor)
    return len(usable)


def find_api_token(text: str) -> ApiToken | None:
    """The usable token with that text."""
    return _usable(text, now=database_now())


def use_api_token(text: str) -> ApiToken | None:
    """The usable token with that text. Its use is recorded."""
    now = database_now()
    token = _usable(text, now=now)
    if token:
        _record_use(token, now=now)
    return token


def usable_tokens(now: datetime) -> QuerySet[ApiToken]:
    """Tokens neither revoked nor expired, of an active user."""
    unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiToken.objects.filter(unexpired, revoked_at=None, user__is_active=True)


def _usable(text: str, *, now: datetime) -> ApiToken | None:
    return usable_tokens(now).select_related("user").filter(digest=digest(text)).first()


def _record_use(token: ApiToken, *, now: datetime) -> None:
    """Store the time of the token's last use, to the minute, with an event for the first; both or neither."""
    stale = now - USE_GRAIN
    if token.last_used_at and token.last_used_at > stale:
        return
    unchanged = Q(last_used_at__lte=stale) if token.last_used_at else Q(last_used_at=None)
    with suppress_lost_writes("the use of a token"), transaction.atomic():
        updated = ApiToken.objects.filter(unchanged, pk=token.pk).update(last_used_at=now)
        if updated and not token.last_used_at:
            record_token(TOKEN_FIRST_USED, token, actor=Actor.of(token.user))


def find_workspace_token(text: str) -> WorkspaceToken | None:
    """The token with that text, even a revoked one: the agent of a removed workspace has to get 410, not 401."""
    return WorkspaceToken.objects.select_related("workspace").filter(digest=digest(text)).first()


def digest(text: str) -> str:
    return hashlib.sha256(text[:MAX_LENGTH].encode("utf-8", "replace")).hexdigest()


def _name(text: str) -> str:
    try:
        return clean_name(text) if text.strip() else ""
    except ValueError as error:
        raise InvalidRequest(f"The token's name cannot be stored: {error}.", field="name") from error
