"""Repeated checks of the listeners' rights and reach, in a fixed number of queries for all of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lib.database_clock import database_now
from lib.sessions import signed_in
from workspaces.access import Reach, Right, reaches
from workspaces.models import ApiToken


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """The credential of a listener: the id of a token, or else the key of a session."""

    user_id: int
    token_id: int | None = None
    session_key: str = ""


def standing(credentials: Collection[Credential]) -> dict[Credential, Reach]:
    """The organizations in reach of each valid credential, without those that ended or lost the right."""
    tokens = {each.token_id for each in credentials if each.token_id is not None}
    usable = set(ApiToken.objects.usable(database_now()).filter(pk__one_of=sorted(tokens)).values_list("pk", flat=True))
    sessions = signed_in({each.session_key for each in credentials if each.token_id is None})
    reach = reaches({each.user_id for each in credentials}, right=Right.VIEW_EVENTS)
    return {
        each: reach[each.user_id]
        for each in credentials
        if each.user_id in reach
        and (each.token_id in usable if each.token_id is not None else sessions.get(each.session_key) == each.user_id)
    }
