"""Rows whose time is over, deleted a bounded number at a time: a round of housekeeping holds nobody up."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

BATCH = 1_000  # rows of one statement
MOST = 20  # batches of one round; the next round goes on


def forget(over: QuerySet[Any]) -> int:
    """Delete these rows, in the order that they are given; return how many. What is left the next round deletes.

    Each batch is a transaction of its own. What hangs on a row by a foreign key goes with it.
    """
    deleted = 0
    for _ in range(MOST):
        keys = list(over.values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        over.order_by().filter(pk__one_of=keys).only("pk").delete()  # those that are still over
        deleted += len(keys)
    return deleted
