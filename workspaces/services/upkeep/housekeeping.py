"""Periodic housekeeping: close abandoned runs; delete expired previews and sessions, old templates of runs, unused
files, old counters and old submissions; make room for the events of the next month. Both the site and the worker do it.
"""

from __future__ import annotations

import logging

from django.contrib.sessions.models import Session
from django.db import OperationalError, connections, router, transaction

from audit.models import StructureEvent
from audit.partitions import begin_month, make_ranges
from lib.database_clock import database_now
from lib.database_errors import explained
from workspaces.models import ImportPreview
from workspaces.services.expiry import forget
from workspaces.services.plans.abandoned_runs import close_interrupted
from workspaces.services.plans.stored_plans import forget_old_templates, forget_unused_filesets
from workspaces.services.security.rate_limits import forget_counters
from workspaces.services.submissions import forget_submissions

logger = logging.getLogger(__name__)


def keep_house() -> None:
    """One round."""
    closed, forgotten = close_interrupted(), forget_expired_previews()
    forget_old_templates()
    files = forget_unused_filesets()  # after what needed them
    forget_counters()
    forget_submissions()
    forget_expired_sessions()
    prepare_event_ranges()
    if closed or forgotten or files:
        message = "closed %d interrupted runs, forgot %d expired previews and %d sets of files"
        logger.info(message, closed, forgotten, files)


def forget_expired_previews() -> int:
    """Delete expired previews; return how many."""
    return forget(ImportPreview.objects.filter(expires_at__lte=database_now()).order_by("expires_at"))


def forget_expired_sessions() -> int:
    """Delete expired sessions; return how many."""
    return forget(Session.objects.filter(expire_date__lte=database_now()).order_by("expire_date"))


# ---- The partitions of the table of events by ranges of ids: there is always one for this month and one for the next.


def prepare_event_ranges() -> None:
    """Make missing partitions, and direct the events of a new month into its own. PostgreSQL only."""
    connection = connections[router.db_for_write(StructureEvent)]
    if connection.vendor != "postgresql":
        return
    today = database_now().date()
    try:
        with transaction.atomic(using=connection.alias):
            made = make_ranges(connection, today)
    except OperationalError as error:
        logger.info("the next range of events is made in a later round: %s", explained(error))
        return
    # After the commit: a rollback would undo the partition, but not the advanced sequence.
    begun = begin_month(connection, today)
    if made or begun:
        logger.info("the events of %s have a range of their own; made: %s", f"{today:%Y-%m}", ", ".join(made) or "none")
