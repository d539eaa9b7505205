"""Tokens: shown once when made, stored as SHA-256, found again by it."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from workspaces.errors import WorkspaceRemoved
from workspaces.models import ApiToken, Workspace, WorkspaceToken
from workspaces.services.locking import lock_organizations

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)

MAX_LENGTH = 128
WORKSPACE_PREFIX = "ws_"
USE_GRAIN = timedelta(minutes=1)


def issue_api_token(user: User, *, name: str = "", expires_at: datetime | None = None, read_only: bool = False) -> str:
    """A new REST token of the user; the text is returned this once."""
    text = f"org_{secrets.token_urlsafe(32)}"
    ApiToken.objects.create(
        user=user,
        name=name,
        digest=digest(text),
        read_only=read_only,
        created_at=timezone.now(),
        expires_at=expires_at,
    )
    return text


def issue_workspace_token(workspace: Workspace) -> str:
    """A new access token for the workspace's agent; the text is returned this once. Raises WorkspaceRemoved."""
    text = f"{WORKSPACE_PREFIX}{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        lock_organizations([workspace.organization_id])
        if not Workspace.objects.live().filter(pk=workspace.pk).exists():
            raise WorkspaceRemoved("A removed workspace gets no token.")
        WorkspaceToken.objects.create(workspace=workspace, digest=digest(text), created_at=timezone.now())
    return text


def revoke_tokens(tokens: QuerySet[ApiToken] | QuerySet[WorkspaceToken]) -> int:
    """Revoke those of the tokens that still are usable; return how many."""
    return tokens.filter(revoked_at=None).update(revoked_at=timezone.now())


def find_api_token(text: str) -> ApiToken | None:
    """The usable token of that text: not revoked, not expired, its user active."""
    now = timezone.now()
    token = ApiToken.objects.select_related("user").filter(digest=digest(text), revoked_at=None).first()
    if token is None or not token.user.is_active or (token.expires_at and token.expires_at <= now):
        return None
    return token


def note_use(token: ApiToken) -> None:
    """Remember that the token was used, to the minute. A database too busy for it does not stop the request."""
    now = timezone.now()
    stale = now - USE_GRAIN
    if token.last_used_at and token.last_used_at > stale:
        return
    unused = Q(last_used_at=None) | Q(last_used_at__lte=stale)
    try:
        ApiToken.objects.filter(unused, pk=token.pk).update(last_used_at=now)
    except OperationalError as error:
        logger.warning("the use of token %s was not noted: %s", token.pk, error)


def find_workspace_token(text: str) -> WorkspaceToken | None:
    """The token of that text, revoked or not: the race guard answers 410 to the agent of a removed workspace."""
    return WorkspaceToken.objects.select_related("workspace").filter(digest=digest(text)).first()


def digest(text: str) -> str:
    return hashlib.sha256(text[:MAX_LENGTH].encode("utf-8", "replace")).hexdigest()
