"""The memory of forms: each is carried out once, however often it is sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Submission(models.Model):
    """A form that was carried out. Sent again, it leads to the first result."""

    key = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 (hex) of all that was sent.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    address = models.TextField(default="", help_text="Where it led.")
    said = models.TextField(default="", help_text="What is said of it when it comes again.")
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
