"""Periodic housekeeping: close abandoned runs; delete expired previews and sessions, old templates of runs, unused
files, old counters and old submissions; make room for the events of the next month. Both the site and the worker do it.
"""

from __future__ import annotations

import logging
from threading import Event, Thread

from django.db import connection

from workspaces.services.imports.previews import delete_expired
from workspaces.services.plans.abandoned_runs import close_interrupted
from workspaces.services.plans.kept_templates import forget_old_templates
from workspaces.services.plans.stored_filesets import forget_unused_filesets
from workspaces.services.security.rate_limits import forget_counters
from workspaces.services.submissions import forget_submissions
from workspaces.services.upkeep.event_ranges import prepare_event_ranges
from workspaces.services.upkeep.expired_sessions import forget_expired_sessions

logger = logging.getLogger(__name__)

INTERVAL = 20  # seconds; a run of a killed process is closed within 60 s of the next start


def keep_house() -> None:
    """One round. An error is logged, and the next round tries again."""
    try:
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
    except Exception:
        logger.exception("housekeeping failed; it will be tried again in %d s", INTERVAL)
    finally:
        connection.close()


def keep_house_until(stopped: Event) -> None:
    """One round at once, then one every INTERVAL seconds, until `stopped` is set."""
    keep_house()
    while not stopped.wait(INTERVAL):
        keep_house()


def keep_house_in_background() -> None:
    """Rounds in a thread that ends with the process, for the site."""
    Thread(target=keep_house_until, args=(Event(),), name="housekeeping", daemon=True).start()
