"""Work to be done now and then: close abandoned runs, forget expired previews and sessions, files that nothing
needs, counts that are over, and forms that were sent long ago.

Site and worker both do it.
"""

from __future__ import annotations

import logging

from workspaces.services.imports.previews import delete_expired
from workspaces.services.imports.runs import close_interrupted
from workspaces.services.imports.stored_filesets import forget_unused_filesets
from workspaces.services.security.rate_limits import forget_counters
from workspaces.services.submissions import forget_submissions
from workspaces.services.upkeep.expired_sessions import forget_expired_sessions

logger = logging.getLogger(__name__)


def keep_house() -> None:
    """One round."""
    closed, forgotten, files = close_interrupted(), delete_expired(), forget_unused_filesets()
    forget_counters()
    forget_submissions()
    forget_expired_sessions()
    if closed or forgotten or files:
        message = "closed %d interrupted runs, forgot %d expired previews and %d sets of files"
        logger.info(message, closed, forgotten, files)
