"""Callers of the API: who they are (authentication), what they may do (permissions), and how often (throttling).

The order of answers: 401 without credentials, 403 without the permission, and only then 404, from the look-up of rows.
The framework imports this module by name while its own views are still being imported: nothing here may import views.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.throttling import BaseThrottle

from workspaces import access
from workspaces.access import Actor, Denied, Right
from workspaces.api.error_answers import TooManyFailures
from workspaces.models import ApiToken, WorkspaceToken
from workspaces.services.security.rate_limits import Effort, require_turn
from workspaces.services.security.security_events import failed_token_wait
from workspaces.services.security.tokens import WORKSPACE_PREFIX, find_workspace_token, use_api_token
from workspaces.web.security_signals import address_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request
    from rest_framework.views import APIView


UNKNOWN = "This token is unknown, expired or revoked."


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`, made by `python manage.py api_token USERNAME`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        text = bearer(request)
        if text is None:
            return None
        token = use_api_token(text)
        if token is None:
            raise _refusal(request)
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


class Caller(NamedTuple):
    """The user who asks, and how events and history name them."""

    user: User
    actor: Actor


class Authenticated(BasePermission):
    """Any active user, who becomes the view's `caller`; a read-only token passes methods that change nothing."""

    needs: ClassVar[Mapping[str, tuple[Right, ...]]] = {}
    """Method → rights, any one of which is enough. A method that is not named needs none (and mostly is a 405)."""

    asks_the_view: ClassVar[bool] = False
    """The view itself calls `refuse_read_only` once it knows whether it would change anything."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not access.is_known(request.user):
            return False
        user = access.require(request.user)
        view.caller = Caller(user, Actor.of(user))  # type: ignore[attr-defined]  # of ApiView
        needed = self.needs.get("GET" if request.method == "HEAD" else str(request.method), ())
        if request.method not in SAFE_METHODS and not self.asks_the_view:
            refuse_read_only(request, needed)
        if needed:
            access.require_any(request.user, needed)
        return True


class OnImport(Authenticated):
    needs = {"POST": (Right.IMPORT,)}
    asks_the_view = True  # a dry run changes nothing


class OnTemplates(Authenticated):
    needs = {"GET": (Right.IMPORT, Right.VIEW)}


class OnWorkspaces(Authenticated):
    needs = {"GET": (Right.VIEW,), "POST": (Right.ADD,)}


class OnWorkspace(Authenticated):
    needs = {"GET": (Right.VIEW,), "PATCH": (Right.CHANGE,), "DELETE": (Right.CASCADE_DELETE,)}


class OnWorkspaceTokens(Authenticated):
    needs = {"POST": (Right.CHANGE,)}


class OnRuns(Authenticated):
    needs = {"GET": (Right.VIEW,)}


class OnEvents(Authenticated):
    needs = {"GET": (Right.VIEW_EVENTS,)}


class OwnToken(BasePermission):
    """The workspace's agent itself; no user may act for it, not even a superuser."""

    message = "Only the workspace's own token may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, WorkspaceToken)


def refuse_read_only(request: Request, rights: tuple[Right, ...]) -> None:
    """Raises Denied if the caller's token is read-only; `rights` are those that the request needs."""
    if isinstance(request.auth, ApiToken) and request.auth.read_only:
        raise Denied("This token is read-only.", rights=rights)


def require_removal_right(user: User) -> None:
    """An import that may remove workspaces needs the right to cascade-delete them. Raises Denied (403)."""
    access.require(user, Right.CASCADE_DELETE, because="Reconcile removes workspaces.")


# ---- How often one user may change something over REST; `services.security.rate_limits` counts.


class Turns(BaseThrottle):
    """Every method that changes something takes a turn of its user; `presence` limits agents."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Always true: raises TooOften, which names the limit."""
        if request.method not in SAFE_METHODS and access.is_known(request.user):
            removes = request.method in getattr(view, "destructive", ())
            require_turn(access.require(request.user), Effort.IMPORT if removes else Effort.CHANGE)
        return True
