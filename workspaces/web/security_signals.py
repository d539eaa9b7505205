"""Logins, failed logins and refusals, from Django's signals and from requests, passed to `security_events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from lib.optional_writes import suppress_lost_writes
from workspaces.access import DESTRUCTIVE, Denied, is_known
from workspaces.services.security.security_events import record_denied, record_failed_login, record_login

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from workspaces.access import AnyUser

ADDRESS_LENGTH = 45  # of an IPv6 address with an IPv4 one in it


def address_of(request: Any) -> str:
    """The address of the client, from the server in front; "" for a socket without an address."""
    return str(request.META.get("REMOTE_ADDR", ""))[:ADDRESS_LENGTH]


def on_login(*, request: HttpRequest | None, user: User, **_: Any) -> None:
    """`user_logged_in`. A session made without a request (as tests do) is no login."""
    if request is not None and request.method:
        record_login(user.get_username(), address=address_of(request))


def on_failed_login(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """`user_login_failed`; of the credentials the name alone is read."""
    if request is not None:
        record_failed_login(str(credentials.get("username", "")), address=address_of(request))


def notice_denied(request: Any, user: AnyUser, error: Denied) -> None:
    """Record a refusal if the refused request could have removed workspaces."""
    if is_known(user) and error.rights & DESTRUCTIVE:
        match = request.resolver_match
        with suppress_lost_writes("a refusal"):
            record_denied(
                user,  # type: ignore[arg-type]
                place=f"{request.method} {request.path}",
                why=str(error),
                address=address_of(request),
                workspace_id=str(match.kwargs.get("workspace_id", "")) if match else "",
            )
