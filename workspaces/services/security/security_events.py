"""Security events (logins, failed logins, tokens, refusals on destructive paths) and the limits for logins.

Strangers cause some of these events, so limits keep them from filling the table. Beyond `ORGSITE_FAILED_LOGINS`
failures a minute a login is refused before the password is checked, and nothing is written. At most MOST_FAILED failed
logins a minute are written in all, and at most MOST_OF_ONE logins and refusals of one user.

Danger: no payload may have a password, a token, or a digest of one.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings

from audit.emitting import Event, emit, event_of
from audit.event_payloads import DeniedAttempt, Login, LoginFailed, TokenEvent
from audit.event_types import DENIED, LOGIN, LOGIN_FAILED, EventType
from lib.optional_writes import short_lock_wait
from workspaces.access import Actor
from workspaces.models import ApiToken, Organization, Workspace, WorkspaceToken
from workspaces.services.lookups import parse_id
from workspaces.services.security.rate_limits import MINUTE, current_count, increment, within_first

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_NAME = 150  # of an actor, as Django's user names
LONGEST_PLACE = 200  # of a path in an address
MOST_OF_ONE = 30  # logins, or refusals, of one user that are written in a minute
MOST_FAILED = 300  # failed logins of all users that are written in a minute
WIDER = 6  # the limit of one address is this many times the limit of one name
NAMELESS = "(no name)"

# ---- limits


def login_wait(name: str, *, address: str) -> int:
    """Seconds until a login with that name from that address is allowed, or 0. Call it before the password check."""
    limit = settings.ORGSITE_FAILED_LOGINS
    if limit is None:
        return 0
    place = network(address)
    over = current_count("login", place, _normalized(name)) >= limit or current_count("login", place) >= limit * WIDER
    return int(MINUTE.total_seconds()) if over else 0


def failed_token_wait(*, address: str) -> int:
    """Count an invalid token from that address; seconds until the next one is checked, 0 while there were few.

    A valid token is never refused for invalid ones from the same address, which may be a whole swarm's: a token has 256
    random bits, so guessing is no danger that would justify locking somebody out.
    """
    limit = settings.ORGSITE_FAILED_LOGINS
    if limit is None:
        return 0
    with short_lock_wait():
        few = within_first(limit * WIDER, "token", network(address))
    return 0 if few else int(MINUTE.total_seconds())


def network(address: str) -> str:
    """The address as limits count it: of IPv6 the /64 network, because one customer has all of it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


# ---- events


def record_login(name: str, *, address: str) -> None:
    """Record a login with a password."""
    if within_first(MOST_OF_ONE, "login-event", name):
        actor = _actor(name)
        facts: Login = {"name": actor, "why": f"from {address or 'here'}", "address": address}
        emit([event_of(LOGIN, facts, organization="", actor=actor)])


def record_failed_login(name: str, *, address: str) -> None:
    """Count a failed login for the limit, and record it. `name` is as it was typed."""
    place = network(address)
    attempt, _ = increment("login", place, _normalized(name)), increment("login", place)
    if within_first(MOST_FAILED, "failed-login-event"):
        actor, why = _actor(name), f"from {address or 'here'}, number {attempt} of this minute"
        facts: LoginFailed = {"name": actor, "why": why, "address": address, "attempt": attempt}
        emit([event_of(LOGIN_FAILED, facts, organization="", actor=actor)])


def record_token(kind: EventType[TokenEvent], token: ApiToken | WorkspaceToken, *, actor: Actor) -> None:
    """Record a token event: created, first used or revoked."""
    record_tokens(kind, [token], actor=actor)


def record_tokens(kind: EventType[TokenEvent], tokens: Iterable[ApiToken | WorkspaceToken], *, actor: Actor) -> None:
    """Record the same event of several tokens, in one statement."""
    emit([_token_event(kind, token, actor=actor) for token in tokens])


def record_denied(user: User, *, place: str, why: str, address: str, workspace_id: str = "") -> None:
    """Record that a user was refused a request that could have removed workspaces. `place` is a method and a path."""
    name = user.get_username()
    if within_first(MOST_OF_ONE, "denied-event", name):
        place = clean(place, LONGEST_PLACE)
        actor, organization = _actor(name), _organization(user, workspace_id)
        facts: DeniedAttempt = {"name": actor, "why": f"{place}: {why}", "place": place, "address": address}
        emit([event_of(DENIED, facts, organization=organization, actor=actor)])


def clean(text: str, most: int) -> str:
    """The text without invisible characters (control, direction, lone surrogates), in at most `most` characters."""
    return "".join(each for each in text[: 4 * most] if unicodedata.category(each)[0] != "C")[:most]


def _organization(user: User, workspace_id: str) -> str:
    """The organization of the workspace, if the user may see it; else the user's only one; else ""."""
    key = parse_id(workspace_id)
    mine = Workspace.objects.visible_to(user).filter(pk=key) if key else Workspace.objects.none()
    if slug := mine.values_list("organization__slug", flat=True).first():
        return str(slug)
    slugs = list(Organization.objects.visible_to(user).values_list("slug", flat=True)[:2])
    return slugs[0] if len(slugs) == 1 else ""


def _token_event(kind: EventType[TokenEvent], token: ApiToken | WorkspaceToken, *, actor: Actor) -> Event:
    became = kind.name.partition(".token_")[2].replace("_", " ")
    if isinstance(token, WorkspaceToken):
        workspace = token.workspace
        facts: TokenEvent = {
            "kind": "workspace",
            "token_id": token.pk,
            "name": workspace.name,
            "why": f"access token {token.pk}, {became}",
        }
        slug = workspace.organization.slug
        return event_of(kind, facts, organization=slug, actor=actor.name, workspace_id=workspace.pk)
    user = token.user.get_username()
    facts = {
        "kind": "api",
        "token_id": token.pk,
        "name": token.name or f"token {token.pk}",
        "user": user,
        "why": f"API token {token.pk} of {user}{', read-only' if token.read_only else ''}, {became}",
        "read_only": token.read_only,
        "expires_at": token.expires_at.isoformat() if token.expires_at else None,
    }
    return event_of(kind, facts, organization="", actor=actor.name)


def _actor(name: str) -> str:
    return clean(name, LONGEST_NAME) or NAMELESS


def _normalized(name: str) -> str:
    """The name in the form that the limit counts, equal for spellings that look the same."""
    return clean(unicodedata.normalize("NFKC", name[: 4 * LONGEST_NAME]), LONGEST_NAME).casefold()
