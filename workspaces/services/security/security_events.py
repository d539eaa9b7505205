"""What the structure events tell of security: who came in and who did not, tokens, refusals on destructive paths.

Strangers cause some of these events, so none of them fills the table: past `ORGSITE_FAILED_LOGINS` failures a minute a
login is refused before the password is looked at, and nothing is written; and of what comes from many addresses at once
no more than MOST_FAILED a minute are written, of one user's logins and refusals no more than MOST_OF_ONE.
No payload holds a password, a token, or a digest of one.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings

from audit.emitting import Event, emit
from lib.optional_writes import briefly
from workspaces.models import ApiToken, Organization, Workspace, WorkspaceToken
from workspaces.services.actors import Actor
from workspaces.services.lookups import parse_id
from workspaces.services.security.rate_limits import MINUTE, among_first, count, count_so_far

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_NAME = 150  # of an actor, as Django's user names
LONGEST_PLACE = 200  # of a path in an address
MOST_OF_ONE = 30  # logins, or refusals, of one user that are written in a minute
MOST_FAILED = 300  # failed logins that are written in a minute, whoever fails
WIDER = 6  # so many times the failures of one name are let through for one address
NAMELESS = "(no name)"

# ---- limits


def login_wait(name: str, *, address: str) -> int:
    """Seconds until a login may be tried under that name from there; 0: now. Ask before looking at the password."""
    limit = settings.ORGSITE_FAILED_LOGINS
    if limit is None:
        return 0
    place = network(address)
    over = count_so_far("login", place, _same(name)) >= limit or count_so_far("login", place) >= limit * WIDER
    return int(MINUTE.total_seconds()) if over else 0


def failed_token_wait(*, address: str) -> int:
    """A token that is no good came from there: seconds until the next may come, 0 while there were few.

    A good token is never refused for what others send from the same address, such as a whole swarm's: with 256 bits of
    chance in a token, guessing is no danger that would be worth locking somebody out.
    """
    limit = settings.ORGSITE_FAILED_LOGINS
    if limit is None:
        return 0
    with briefly():
        few = among_first(limit * WIDER, "token", network(address))
    return 0 if few else int(MINUTE.total_seconds())


def network(address: str) -> str:
    """What counts as one address: of IPv6 the 64 bits that one customer is given."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


# ---- events


def record_login(name: str, *, address: str) -> None:
    """Somebody came in with her password."""
    if among_first(MOST_OF_ONE, "login-event", name):
        _emit("login", actor=name, why=f"from {address or 'here'}", address=address)


def record_failed_login(name: str, *, address: str) -> None:
    """A login failed: counted for the limit, and written. `name` is as somebody typed it."""
    place = network(address)
    attempt, _ = count("login", place, _same(name)), count("login", place)
    if among_first(MOST_FAILED, "failed-login-event"):
        why = f"from {address or 'here'}, number {attempt} of this minute"
        _emit("login_failed", actor=name, why=why, address=address, attempt=attempt)


def record_token(what: str, token: ApiToken | WorkspaceToken, *, actor: Actor) -> None:
    """`created`, `first_used` or `revoked`."""
    record_tokens(what, [token], actor=actor)


def record_tokens(what: str, tokens: Iterable[ApiToken | WorkspaceToken], *, actor: Actor) -> None:
    """The same of several, in one statement."""
    emit([_token_event(what, token, actor=actor) for token in tokens])


def record_denied(user: User, *, place: str, why: str, address: str, workspace_id: str = "") -> None:
    """A user was refused something that could have removed workspaces. `place` is a method and a path."""
    name = user.get_username()
    if among_first(MOST_OF_ONE, "denied-event", name):
        place = clean(place, LONGEST_PLACE)
        organization = _organization(user, workspace_id)
        _emit("denied", actor=name, organization=organization, why=f"{place}: {why}", place=place, address=address)


def clean(text: str, most: int) -> str:
    """The text without characters that nobody sees (control, direction, half surrogates), and not too long."""
    return "".join(each for each in text[: 4 * most] if unicodedata.category(each)[0] != "C")[:most]


def _organization(user: User, workspace_id: str) -> str:
    """Whose workspace it was about, if the user may see it; else the only organization of hers; else none."""
    key = parse_id(workspace_id)
    mine = Workspace.objects.visible_to(user).filter(pk=key) if key else Workspace.objects.none()
    if slug := mine.values_list("organization__slug", flat=True).first():
        return str(slug)
    slugs = list(Organization.objects.visible_to(user).values_list("slug", flat=True)[:2])
    return slugs[0] if len(slugs) == 1 else ""


def _token_event(what: str, token: ApiToken | WorkspaceToken, *, actor: Actor) -> Event:
    if isinstance(token, WorkspaceToken):
        workspace = token.workspace
        why = f"access token {token.pk}, {what.replace('_', ' ')}"
        facts: dict[str, Any] = {"kind": "workspace", "token_id": token.pk, "name": workspace.name, "why": why}
        slug, key = workspace.organization.slug, workspace.pk
        return Event(
            event_type=f"security.token_{what}", organization=slug, workspace_id=key, actor=actor.name, payload=facts
        )
    user = token.user.get_username()
    expires = token.expires_at.isoformat() if token.expires_at else None
    why = f"API token {token.pk} of {user}{', read-only' if token.read_only else ''}, {what.replace('_', ' ')}"
    facts = {"kind": "api", "token_id": token.pk, "name": token.name or f"token {token.pk}", "user": user, "why": why}
    facts |= {"read_only": token.read_only, "expires_at": expires}
    return Event(event_type=f"security.token_{what}", organization="", actor=actor.name, payload=facts)


def _emit(what: str, *, actor: str, organization: str = "", **facts: Any) -> None:
    name = clean(actor, LONGEST_NAME) or NAMELESS
    event = Event(event_type=f"security.{what}", organization=organization, actor=name, payload={"name": name, **facts})
    emit([event])


def _same(name: str) -> str:
    """Spellings that are one name to the limit."""
    return clean(unicodedata.normalize("NFKC", name[: 4 * LONGEST_NAME]), LONGEST_NAME).casefold()
