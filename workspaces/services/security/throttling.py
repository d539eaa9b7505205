"""The rate limit for changes by one user (ORGSITE_THROTTLE): one count for all processes, REST and pages together."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error

from lib.database_errors import FULL, LOCKED_FILE, READ_ONLY, trouble_of
from workspaces.errors import TooOften
from workspaces.services.security.rate_limits import MINUTE, take_turn

if TYPE_CHECKING:
    from django.contrib.auth.models import User

WIDER = 5  # the limit of other changes is this many times that of imports and removals
NO_CHANGES = (READ_ONLY, LOCKED_FILE, FULL)  # the database takes no changes, so none have to be counted


class Effort(StrEnum):
    """The cost of a request."""

    IMPORT = "imports and removals"  # dry runs and previews cost as much
    CHANGE = "changes"


def require_turn(user: User, effort: Effort) -> None:
    """Take one of the user's turns of this minute. Raises TooOften, and then nothing was written.

    If the database takes no changes, the request continues: a dry run is answered, and a change fails by itself.
    """
    limit = settings.ORGSITE_THROTTLE
    if limit is None:
        return
    limit = limit * WIDER if effort is Effort.CHANGE else limit
    try:
        left = take_turn(f"{effort.name.lower()}.{user.pk}", limit=limit, window=MINUTE)
    except Error as error:
        if trouble_of(error) not in NO_CHANGES:
            raise
        return
    if left is not None:
        raise TooOften(f"You may make {limit:,} {effort} a minute.", left=left)
