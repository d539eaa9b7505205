"""Authentication by a user's token, the admin's session, or a workspace's own token.

The framework imports this module by name while its own views are still being imported: nothing here may import views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed

from workspaces.api.error_answers import TooManyFailures
from workspaces.models import ApiToken, WorkspaceToken
from workspaces.services.security.security_events import failed_token_wait
from workspaces.services.security.tokens import WORKSPACE_PREFIX, find_api_token, find_workspace_token, record_use
from workspaces.web.security_signals import address_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request

UNKNOWN = "This token is unknown, expired or revoked."


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`, made by `python manage.py api_token USERNAME`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        text = bearer(request)
        if text is None:
            return None
        token = find_api_token(text)
        if token is None:
            raise _refusal(request)
        record_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="orgsite"'


class AdminSessionAuthentication(SessionAuthentication):
    """The session of an active user who logged in at `/admin/`; unsafe methods need the CSRF token too."""


class WorkspaceTokenAuthentication(BaseAuthentication):
    """A workspace's agent. There is no user: `request.auth` is the token, and it is valid for its workspace only."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, WorkspaceToken] | None:
        text = bearer(request)
        if text is None or not text.startswith(WORKSPACE_PREFIX):
            return None
        token = find_workspace_token(text)
        # Removal revokes the tokens, and the agent of a removed workspace must still hear that it is gone.
        if token is None or (token.revoked_at and token.workspace.is_live):
            raise _refusal(request)
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return BearerAuthentication().authenticate_header(request)


def _refusal(request: Request) -> APIException:
    """401; 429 after too many bad tokens from that address within a minute."""
    seconds = failed_token_wait(address=address_of(request))
    return TooManyFailures(seconds) if seconds else AuthenticationFailed(UNKNOWN)


def bearer(request: Request) -> str | None:
    """The token of the Authorization header; None if there is none or it has another scheme."""
    scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        return None
    if not text.strip() or " " in text.strip():
        raise AuthenticationFailed("Write the header as: Authorization: Bearer <token>.")
    return text.strip()
