"""Work to be done now and then: close abandoned runs, forget expired previews and sessions, files that nothing
needs, counts that are over, and forms that were sent long ago; make room for the events of the next month.

Site and worker both do.
"""

from __future__ import annotations

import logging
from threading import Event, Thread

from django.db import connection

from workspaces.services.imports.previews import delete_expired
from workspaces.services.imports.runs import close_interrupted
from workspaces.services.imports.stored_filesets import forget_unused_filesets
from workspaces.services.security.rate_limits import forget_counters
from workspaces.services.submissions import forget_submissions
from workspaces.services.upkeep.event_ranges import prepare_event_ranges
from workspaces.services.upkeep.expired_sessions import forget_expired_sessions

logger = logging.getLogger(__name__)

INTERVAL = 20  # seconds; a run of a killed process is closed within 60 s of the next start


def keep_house() -> None:
    """One round. Whatever goes wrong is logged, and the next round tries again."""
    try:
        closed, forgotten, files = close_interrupted(), delete_expired(), forget_unused_filesets()
        forget_counters()
        forget_submissions()
        forget_expired_sessions()
        prepare_event_ranges()
        if closed or forgotten or files:
            message = "closed %d interrupted runs, forgot %d expired previews and %d sets of files"
            logger.info(message, closed, forgotten, files)
    except Exception:
        logger.exception("housekeeping failed; it will be tried again in %d s", INTERVAL)
    finally:
        connection.close()


def keep_house_until(stopped: Event) -> None:
    """A round at once and then every INTERVAL seconds, until `stopped` is set."""
    keep_house()
    while not stopped.wait(INTERVAL):
        keep_house()


def keep_house_in_background() -> None:
    """For the site: rounds in a thread that ends with the process."""
    Thread(target=keep_house_until, args=(Event(),), name="housekeeping", daemon=True).start()
