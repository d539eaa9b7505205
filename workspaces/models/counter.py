"""Counters of recent actions, shared by all processes."""

from __future__ import annotations

from django.db import models


class Counter(models.Model):
    """A count of actions in a window of time, which begins with the first turn and is over at `ends_at`."""

    key = models.CharField(max_length=255, primary_key=True, help_text="What is counted, and of whom.")
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
