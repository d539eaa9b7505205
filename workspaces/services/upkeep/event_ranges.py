"""The ranges of the table of events: there is always one for this month, and one for the next."""

from __future__ import annotations

import logging

from django.db import connections, router, transaction

from audit.models import StructureEvent
from audit.partitions import begin_month, make_ranges
from lib.database_clock import database_now

logger = logging.getLogger(__name__)


def prepare_event_ranges() -> None:
    """Make what is missing; once a month has begun, have its events come into its range. PostgreSQL only."""
    connection = connections[router.db_for_write(StructureEvent)]
    if connection.vendor != "postgresql":
        return
    today = database_now().date()
    with transaction.atomic(using=connection.alias):
        made = make_ranges(connection, today)
    # Apart from the transaction, which could still be undone: a sequence is not.
    begun = begin_month(connection, today)
    if made or begun:
        logger.info("the events of %s have a range of their own; made: %s", f"{today:%Y-%m}", ", ".join(made) or "none")
