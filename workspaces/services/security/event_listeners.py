"""The listeners of this process's event stream: their hub, and the repeated checks of their rights and reach."""

from __future__ import annotations

from collections.abc import Collection

from audit.stream.hub import Hub
from audit.stream.listener import Credential
from lib.database_clock import database_now
from lib.sessions import signed_in
from workspaces.access import Reach, Right, reaches
from workspaces.services.security.tokens import usable_tokens


def standing(credentials: Collection[Credential]) -> dict[Credential, Reach]:
    """The organizations in reach of each valid credential, without those that ended or lost the right.

    A fixed number of queries for any number of them.
    """
    tokens = {each.token_id for each in credentials if each.token_id is not None}
    usable = set(usable_tokens(database_now()).filter(pk__one_of=sorted(tokens)).values_list("pk", flat=True))
    sessions = signed_in({each.session_key for each in credentials if each.token_id is None})
    reach = reaches({each.user_id for each in credentials}, right=Right.VIEW_EVENTS)
    return {
        each: reach[each.user_id]
        for each in credentials
        if each.user_id in reach
        and (each.token_id in usable if each.token_id is not None else sessions.get(each.session_key) == each.user_id)
    }


HUB = Hub(standing=standing)
