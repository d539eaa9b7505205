"""Things on the engine that have no row in the database, and signs of the cause."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Stray(models.Model):
    """A workspace id with a container or volumes on the engine, but without a row in this database. This row has the
    time since when that is known, and goes with the stray."""

    workspace_id = models.UUIDField(primary_key=True)
    why = models.CharField(max_length=64)
    name = models.CharField(max_length=255, default="", help_text="What the container's label says.")
    organization = models.CharField(max_length=63, default="", help_text="The slug that the container's label says.")
    container = models.BooleanField(help_text="Whether there is a container, running or not.")
    runs = models.BooleanField()
    volumes = models.JSONField(default=list, help_text="Their names.")
    first_seen_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, help_text="When its quarantine was over and a worker stopped it.")

    class Meta:
        ordering = ("workspace_id",)

    def __str__(self) -> str:
        return f"ws-{self.workspace_id}"


class UnknownEpoch(models.Model):
    """The label of a container that names an event missing in this database: it was restored, or is not the one the
    container was made from. Until a person accepts that, nothing unknown is touched."""

    epoch = models.CharField(max_length=64, primary_key=True)
    first_seen_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=255, default="")

    class Meta:
        ordering = ("first_seen_at", "epoch")
        indexes = (models.Index(fields=("first_seen_at",), condition=Q(accepted_at=None), name="epoch_not_accepted"),)

    def __str__(self) -> str:
        return self.epoch
