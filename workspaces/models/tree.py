"""The tree: organizations, workspaces, and the rows that a template declares for these."""

from __future__ import annotations

import uuid
from typing import NoReturn

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from uuid_utils.compat import uuid7

from lib.case_insensitive import Folded
from lib.text import sentence
from workspaces.core.columns import DEFAULT_RUNTIME, DEFAULT_TIER, TIERS
from workspaces.core.differing import Differs
from workspaces.core.names import clean_name
from workspaces.models.history_row import HistoryFacts, TreeHistory
from workspaces.models.querysets import FileSetQuerySet, OrganizationQuerySet, WorkspaceQuerySet
from workspaces.models.status import Status

NO_PARENT = uuid.UUID(int=0)
DIFFERS = [(each.value, each.value) for each in Differs if each.value]


class Organization(models.Model):
    """The scope of names, permissions and reconcile. Its row is the lock of every structural change."""

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)
    last_run = models.UUIDField(
        null=True, editable=False, help_text="The last run that changed something: part of every plan's fingerprint."
    )
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="organizations")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The name by the rules of every name. Raises ValidationError."""
        try:
            self.name = clean_name(self.name)
        except ValueError as error:
            raise ValidationError({"name": sentence(str(error))}) from error


class Membership(models.Model):
    """The membership of a user in an organization: they may see it; Django's permissions say what they may do there."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("organization", "user"), name="membership_once"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"


class FileSet(models.Model):
    """The content of a template's folder, stored once for all workspaces and previews that come with it."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField(help_text="A tar, as `core.filesets` makes it.")
    created_at = models.DateTimeField()

    objects = FileSetQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest


class Workspace(models.Model):
    """One node of an organization's tree."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="workspaces", db_index=False
    )  # `workspace_by_status` begins with it
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(max_length=255)
    role = models.TextField(blank=True, default="")
    tier = models.PositiveSmallIntegerField(default=DEFAULT_TIER)
    runtime = models.CharField(max_length=255, blank=True, default=DEFAULT_RUNTIME)
    model = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PROVISIONING)
    protected = models.BooleanField(default=False, help_text="Never removed: not by a reconcile, not by a delete.")
    external = models.BooleanField(default=False)
    url = models.TextField(blank=True, default="")
    spec = models.JSONField(default=dict, blank=True)
    files = models.ForeignKey(
        FileSet, on_delete=models.PROTECT, null=True, blank=True, related_name="workspaces", db_index=False
    )
    declared = models.JSONField(
        null=True, blank=True, editable=False, help_text="What its template last said about it; None: made by hand."
    )
    template = models.CharField(
        max_length=255, blank=True, default="", db_default="", editable=False, help_text="The name of that template."
    )
    declared_digest = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    differs = models.CharField(
        max_length=8, choices=DIFFERS, blank=True, default="", db_default="", editable=False,
        help_text="How it is not what that template said; written with each import and edit.",
    )  # fmt: skip
    reported_url = models.TextField(
        blank=True, default="", db_default="", editable=False, help_text="The address that its agent registered."
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.UUIDField(null=True, blank=True, editable=False, help_text="The run that removed it.")
    last_heartbeat_at = models.DateTimeField(null=True, blank=True)

    objects = WorkspaceQuerySet.as_manager()
    history = TreeHistory(
        bases=[HistoryFacts],
        history_change_reason_field=models.TextField(null=True),
        history_user_id_field=models.IntegerField(null=True),
        excluded_fields=[
            "declared",
            "declared_digest",
            "differs",
            "last_heartbeat_at",
            "removed_by",
            "reported_url",
            "template",
        ],
        no_db_index=["files", "organization", "parent"],
    )

    class Meta:
        ordering = ("name", "id")
        permissions = (
            ("import_org", "Can import an org template"),
            ("cascade_delete", "Can cascade-delete workspaces"),
        )
        constraints = (
            models.UniqueConstraint(
                F("organization"),
                Coalesce("parent", Value(NO_PARENT, output_field=models.UUIDField())),
                F("name"),
                condition=~Q(status=Status.REMOVED),
                name="workspace_live_name",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="workspace_status"),
            models.CheckConstraint(condition=Q(tier__gte=TIERS[0], tier__lte=TIERS[-1]), name="workspace_tier"),
            models.CheckConstraint(condition=~Q(name=""), name="workspace_name_not_empty"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="workspace_not_its_own_parent"),
            models.CheckConstraint(
                condition=Q(status=Status.REMOVED, removed_at__isnull=False)
                | (~Q(status=Status.REMOVED) & Q(removed_at__isnull=True)),
                name="workspace_removed_at",
            ),
        )
        indexes = (
            models.Index(fields=("organization", "status"), name="workspace_by_status"),
            # `GET /workspaces`, which lists live ones: without the removed ones, which only grow in number.
            models.Index(fields=("id",), condition=~Q(status=Status.REMOVED), name="workspace_live_in_order"),
            models.Index(F("organization"), Folded("name"), name="workspace_by_name"),
            models.Index(
                fields=("organization", "-removed_at", "name", "id"),
                condition=Q(status=Status.REMOVED),
                name="workspace_by_removal",
            ),
            models.Index(
                fields=("organization", "id"),
                condition=~Q(status=Status.REMOVED) & ~Q(differs=""),
                name="workspace_that_differs",
            ),
            models.Index(fields=("files",), condition=Q(files__isnull=False), name="workspace_by_files"),
        )

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        """As for the queryset: a workspace is removed by `cascade_delete`, and its row stays."""
        raise TypeError("Workspaces are not deleted: call cascade_delete.")

    @property
    def is_live(self) -> bool:
        return self.status != Status.REMOVED


class Schedule(models.Model):
    """A cron schedule of a workspace."""

    class Source(models.TextChoices):
        TEMPLATE = "template"
        MANUAL = "manual"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="schedules", db_index=False)
    name = models.CharField(max_length=255)
    cron_expr = models.CharField(max_length=255)
    timezone = models.CharField(max_length=64, default="UTC")
    prompt = models.TextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    source = models.CharField(max_length=16, choices=Source.choices, default=Source.MANUAL)
    removed_by = models.UUIDField(null=True, editable=False, help_text="The run whose removal disabled it.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("workspace", "name"), name="schedule_name"),
            models.CheckConstraint(condition=Q(source__in=["template", "manual"]), name="schedule_source"),
        )

    def __str__(self) -> str:
        return self.name
