"""`structure_events`: the append-only record of what changed the trees. Triggers refuse UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left

from audit.event_types import ENDS, FREQUENT
from audit.type_filter import prefix_of
from lib.index_order import OppositeNulls

LATEST, EARLIEST = OppositeNulls("id", descending=True), OppositeNulls("id")
WHILE = 10_000  # events of a stretch of time whose ids are all read to find the first of them


class StructureEventQuerySet(models.QuerySet["StructureEvent"]):
    def within(self, reach: Collection[str] | None) -> Self:
        """The events of the organizations with these slugs; None means all events: they outlive organizations."""
        # As values: in a subquery the planner does not know that one of them has hardly an event.
        return self if reach is None else self.filter(organization__in=sorted(reach))

    def first_of(self, number: int, *, latest: bool, by_index: bool = False, of_a_while: bool = False) -> Self:
        """The `latest` so many, or the earliest; their ids first, from an index alone.

        `by_index`: an index begins with what is asked for (one organization, run, workspace, or a type but the FREQUENT
        ones) and has the order, too. `of_a_while`: of a stretch of time; if these are not too many, all their ids are
        read.
        """
        every, order = self.model._default_manager.all(), "-id" if latest else "id"
        if of_a_while and len(ids := list(self.order_by().values_list("pk", flat=True)[: WHILE + 1])) <= WHILE:
            first = sorted(ids, reverse=latest)[:number]
            return every.filter(pk__one_of=first).order_by(order)  # type: ignore[return-value]
        indexed = (LATEST if latest else EARLIEST) if by_index else order
        return every.filter(pk__in=self.order_by(indexed).values("pk")[:number]).order_by(order)  # type: ignore[return-value]

    def of_type(self, wanted: str) -> Self:
        """The events of that type, or of a prefix: `workspace.*`, `org.import.`."""
        beginning = prefix_of(wanted)
        if beginning is None:
            return self.filter(event_type=wanted)
        if not any(name.startswith(beginning) for name in FREQUENT):
            self = self.exclude(event_type__in=FREQUENT)  # as in `event_by_type`
        # No LIKE: SQLite's does not tell upper from lower case.
        return self.alias(start=Left("event_type", len(beginning))).filter(start=beginning) if beginning else self


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
        constraints = (models.CheckConstraint(condition=Q(id__gt=0), name="event_id_positive"),)
        indexes = (
            models.Index(F("organization"), LATEST, name="event_by_organization"),
            models.Index(fields=("organization", "created_at"), name="event_by_time"),
            models.Index(fields=("created_at",), name="event_by_minute"),
            models.Index(F("workspace_id"), LATEST, name="event_by_workspace"),
            models.Index(F("import_id"), LATEST, include=("organization",), name="event_by_import"),
            models.Index(fields=("import_id",), condition=Q(event_type__in=ENDS), name="event_end_of_import"),
            models.Index(
                F("event_type"),
                LATEST,
                include=("organization",),
                condition=~Q(event_type__in=FREQUENT),
                name="event_by_type",
            ),
        )

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M:%S} {self.event_type}"
