"""The containers of workspaces, as far as this site knows."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import Q

from workspaces.core.containers.lifecycle import Desired, Observed
from workspaces.models.tree import Organization, Workspace


def _choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value.capitalize()) for word in words]


class Container(models.Model):
    """The desired state of a workspace's container, and the last one seen. If `due_at` is set there is work to do:
    these rows are the queue. A released one stays, as desired and observed `absent`."""

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, primary_key=True, related_name="container")
    organization = models.ForeignKey(
        Organization,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,  # the workspace has one, checked row by row; this one is written by the same statement
        db_index=False,
        help_text="The workspace's, which never changes: claims are shared between organizations.",
    )
    desired = models.CharField(max_length=8, choices=_choices(Desired))
    observed = models.CharField(max_length=8, choices=_choices(Observed), default=Observed.ABSENT)
    keep_volumes = models.BooleanField(
        default=False, help_text="They are never destroyed, unless somebody asks for it."
    )
    purge_at = models.DateTimeField(
        null=True, help_text="Until when its volumes wait for a way back; None if they wait for nothing."
    )
    purged_at = models.DateTimeField(null=True, help_text="When its volumes were seen to be destroyed.")
    import_id = models.UUIDField(null=True, help_text="The import that decided what is desired.")
    generation = models.PositiveIntegerField(default=1, help_text="Counts up with each container made anew.")
    configuration = models.PositiveIntegerField(
        default=1, db_default=1, help_text="Counts up when what belongs into its config volume changes."
    )
    delivered = models.PositiveIntegerField(
        default=1, db_default=1, help_text="The newest configuration that its container has."
    )
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, help_text="Failures in a row.")
    losses = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often it did not stay, since it last ran for long."
    )
    last_error = models.TextField(default="")
    asked_at = models.DateTimeField(null=True, help_text="When it was asked to start, or to stop.")
    released_at = models.DateTimeField(null=True, help_text="When its container was seen to be gone.")
    node = models.CharField(
        max_length=255,
        default="",
        db_default="",
        help_text="The machine that has its volumes, of an engine with several.",
    )
    volume_bytes = models.BigIntegerField(null=True, help_text="What its volumes held when they were last measured.")
    leased_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=255, default="", help_text="The worker at it: host, process id, start.")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(desired__in=["running", "absent"]), name="container_desired"),
            models.CheckConstraint(
                condition=Q(observed__in=["absent", "starting", "running", "stopping"]), name="container_observed"
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="container_due"),
            models.Index(
                fields=("desired", "organization", "due_at"),
                condition=Q(due_at__isnull=False),
                name="container_queue",
            ),
            models.Index(
                fields=("import_id", "desired", "due_at"),
                condition=Q(import_id__isnull=False),
                name="container_by_import",
            ),
            models.Index(fields=("changed_at",), condition=~Q(last_error=""), name="container_failing"),
            models.Index(fields=("leased_by",), condition=Q(leased_until__isnull=False), name="container_leased"),
            models.Index(
                # With the organization, so that nobody who looks for one's rows reads those of others by this index.
                fields=("purge_at", "organization"),
                condition=Q(purge_at__isnull=False),
                name="container_waiting_data",
            ),
            models.Index(
                fields=("organization", "purge_at"),
                condition=Q(purge_at__isnull=False),
                name="container_waiting_inside",
            ),
            models.Index(
                fields=("organization",), condition=Q(keep_volumes=True, desired="absent"), name="container_kept_data"
            ),
        )

    def __str__(self) -> str:
        return f"ws-{self.workspace_id}"

    @property
    def is_current(self) -> bool:
        """Whether its container has the newest configuration, or gets it with its start."""
        return self.delivered == self.configuration

    @property
    def keeps_data(self) -> bool:
        """Whether its volumes stay when its container goes, for a time or for good."""
        return self.keep_volumes or self.purge_at is not None


class Installation(models.Model):
    """This site, one row: the name that its containers are labelled with, and the engine's last known state."""

    name = models.CharField(max_length=63, unique=True)
    engine = models.CharField(max_length=255, default="", help_text="What the engine said of itself.")
    engine_seen_at = models.DateTimeField(null=True, help_text="When it last answered.")
    engine_seen_by = models.CharField(max_length=255, default="", help_text="The worker it answered.")
    engine_error = models.TextField(default="", help_text="Empty while it answers.")
    nodes = models.JSONField(
        default=dict, help_text="The engine's machines, if it has several: name → whether it takes containers."
    )
    swept_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="installation_once"),)

    def __str__(self) -> str:
        return self.name
