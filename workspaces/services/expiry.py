"""Deletion of expired rows in bounded batches, so that housekeeping blocks other writers only briefly."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

BATCH = 1_000  # rows of one statement
MOST = 20  # batches of one round


def forget(expired: QuerySet[Any]) -> int:
    """Delete the rows in their order, BATCH × MOST at most, and return how many; the next round deletes the rest.

    Each batch is a transaction of its own. Rows that refer to them are deleted by their foreign keys' rules.
    """
    deleted = 0
    for _ in range(MOST):
        keys = list(expired.values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        # The whole condition again: a row may have been renewed since its key was read.
        expired.order_by().filter(pk__one_of=keys).only("pk").delete()
        deleted += len(keys)
    return deleted
