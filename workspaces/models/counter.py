"""How often something was done lately: one count that all processes share."""

from __future__ import annotations

from django.db import models


class Counter(models.Model):
    """What somebody did in a window of time. The window begins with the first turn and is over at `ends_at`."""

    key = models.CharField(max_length=255, primary_key=True, help_text="What is counted, and of whom.")
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
