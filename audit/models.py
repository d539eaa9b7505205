"""`structure_events`: the append-only record of what changed the trees. Triggers refuse UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from workspaces import access

if TYPE_CHECKING:
    from workspaces.access import Asker


class StructureEventQuerySet(models.QuerySet["StructureEvent"]):
    def visible_to(self, user: Asker) -> Self:
        """Those of the organizations the user may see. A superuser sees all: events outlive organizations, too."""
        from workspaces.models import Organization  # its models are loaded after these

        if access.sees_all(user):
            return self
        return self.filter(organization__in=Organization.objects.visible_to(user).values("slug"))


class StructureEvent(models.Model):
    """One thing that happened. No foreign keys: an event outlives the rows and users it speaks of."""

    event_type = models.CharField(max_length=64)
    organization = models.CharField(max_length=63, help_text="The organization's slug.")
    workspace_id = models.UUIDField(null=True)
    import_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=255)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    objects = StructureEventQuerySet.as_manager()

    class Meta:
        db_table = "structure_events"
        ordering = ("-id",)
        # Before a row has its id SQLite's triggers see -1 in its place: a row of that id would refuse all others.
        constraints = (models.CheckConstraint(condition=models.Q(id__gt=0), name="event_id_positive"),)
        indexes = (
            models.Index(fields=("organization", "-id"), name="event_by_organization"),
            models.Index(fields=("organization", "created_at"), name="event_by_time"),
            models.Index(fields=("created_at",), name="event_by_minute"),
            models.Index(fields=("workspace_id", "-id"), name="event_by_workspace"),
            models.Index(fields=("import_id", "-id"), name="event_by_import"),
        )

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M:%S} {self.event_type}"
