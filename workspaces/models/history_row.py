"""The history of the workspaces: the columns of its rows besides the values, and their few indexes."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords


class HistoryFacts(models.Model):
    """The facts of a history row besides the values: actor, reason and run."""

    history_actor = models.CharField(max_length=255, default="")
    history_import_id = models.UUIDField(null=True)

    class Meta:
        abstract = True


class TreeHistory(HistoricalRecords):  # type: ignore[misc]  # a library without types
    """Every import writes a row for each workspace, so there are only indexes that a page reads.

    A workspace's own rows are found by its id. The user is a plain number beside their name: a row outlives them.
    """

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        by_hand = models.Index(
            fields=("history_id",),
            condition=Q(history_import_id__isnull=True, history_type="+"),
            name="history_by_hand",
        )
        return {**super().get_meta_options(model), "indexes": (by_hand,)}
