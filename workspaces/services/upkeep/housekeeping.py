"""Periodic housekeeping: close abandoned runs; delete expired previews and sessions, old templates of runs, unused
files, old counters and old submissions; make room for the events of the next month. Both the site and the worker do it.
"""

from __future__ import annotations

import logging

from workspaces.services.imports.previews import delete_expired
from workspaces.services.plans.abandoned_runs import close_interrupted
from workspaces.services.plans.kept_templates import forget_old_templates
from workspaces.services.plans.stored_filesets import forget_unused_filesets
from workspaces.services.security.rate_limits import forget_counters
from workspaces.services.submissions import forget_submissions
from workspaces.services.upkeep.event_ranges import prepare_event_ranges
from workspaces.services.upkeep.expired_sessions import forget_expired_sessions

logger = logging.getLogger(__name__)


def keep_house() -> None:
    """One round."""
    closed, forgotten = close_interrupted(), delete_expired()
    forget_old_templates()
    files = forget_unused_filesets()  # after what needed them
    forget_counters()
    forget_submissions()
    forget_expired_sessions()
    prepare_event_ranges()
    if closed or forgotten or files:
        message = "closed %d interrupted runs, forgot %d expired previews and %d sets of files"
        logger.info(message, closed, forgotten, files)
