"""Statuses of a workspace."""

from __future__ import annotations

from django.db import models


class Status(models.TextChoices):
    """`removed` ends by a restore alone; every other status is live."""

    PROVISIONING = "provisioning"
    ONLINE = "online"
    OFFLINE = "offline"
    FAILED = "failed"
    REMOVED = "removed"
