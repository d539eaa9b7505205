"""The partitions of the table of events by ranges of ids: there is always one for this month and one for the next."""

from __future__ import annotations

import logging

from django.db import OperationalError, connections, router, transaction

from audit.models import StructureEvent
from audit.partitions import begin_month, make_ranges
from lib.database_clock import database_now
from lib.database_errors import explained

logger = logging.getLogger(__name__)


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
