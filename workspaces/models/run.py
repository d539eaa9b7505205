"""Runs: applied plans, their operations, and previews that wait for a decision."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from workspaces.models.tree import FileSet, Organization

CHANGED = (
    Q(created_count__gt=0)
    | Q(moved_count__gt=0)
    | Q(updated_count__gt=0)
    | Q(removed_count__gt=0)
    | Q(restored_count__gt=0)
)


class ImportRun(models.Model):
    """A plan that was applied, or an import that began: its actor, mode and end. Its id is the `import_id` of events
    and history; a removal has no template and is recorded once it is done."""

    class State(models.TextChoices):
        RUNNING = "running"
        COMPLETED = "completed"
        REFUSED = "refused"  # by a safety check: the plan was stale, or the guard held it back
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveBigIntegerField(unique=True, editable=False, help_text="Ascending; commands take it, too.")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="runs", db_index=False)
    mode = models.CharField(max_length=16)
    template_name = models.CharField(max_length=255, blank=True, default="")
    template_sha256 = models.CharField(max_length=64, blank=True, default="")
    source = models.CharField(max_length=255, blank=True, default="")
    undoes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="undos",
        help_text="The run it undoes.",
    )
    undone_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="+", db_index=False,
        help_text="The run that undid it last, unless that was undone as well.",
    )  # fmt: skip
    reason = models.TextField(blank=True, default="")
    actor = models.CharField(max_length=255)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.RUNNING)
    owner = models.CharField(max_length=255, help_text="The process that runs it: host, process id, start time.")
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    created_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    moved_count = models.PositiveIntegerField(default=0, db_default=0)
    updated_count = models.PositiveIntegerField(default=0, db_default=0)
    removed_count = models.PositiveIntegerField(default=0)
    restored_count = models.PositiveIntegerField(default=0, db_default=0)
    differs_count = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Matched workspaces that it left different from the template."
    )
    left_running_count = models.PositiveIntegerField(default=0)
    live_before = models.PositiveIntegerField(default=0)
    live_after = models.PositiveIntegerField(default=0)
    reconcile_errors = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    error = models.TextField(blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True, help_text="When somebody had seen its failure.")
    dismissed_by = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        ordering = ("-started_at",)
        constraints = (
            models.CheckConstraint(condition=Q(mode__in=["merge", "reconcile", "remove", "undo"]), name="run_mode"),
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | Q(state__in=["completed", "refused", "failed"], finished_at__isnull=False),
                name="run_finished_at",
            ),
            models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True) | Q(state="failed"), name="run_dismissed_when_failed"
            ),
        )
        indexes = (
            models.Index(fields=("organization", "-started_at"), name="run_by_time"),
            models.Index(fields=("organization", "-number"), name="run_by_number"),
            models.Index(fields=("-started_at",), name="run_latest"),
            models.Index(fields=("started_at",), condition=Q(state="running"), name="run_open"),
            models.Index(
                fields=("-finished_at",),
                condition=Q(state="failed", dismissed_at__isnull=True),
                name="run_failed",
            ),
            models.Index(
                fields=("organization", "fingerprint"),
                condition=Q(state="completed") & CHANGED,
                name="run_by_fingerprint",
            ),
        )

    def __str__(self) -> str:
        what = self.source or self.template_name
        return f"{self.mode} of {what}" if what else str(self.mode)


class RunOperation(models.Model):
    """One operation of a run on one workspace; `seq` counts from 1 in the order of the plan.

    `before` and `after` are its places, `{"parent_id", "name"}`, None for nowhere. `path` has the names from the root
    at that time.
    """

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="operations", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=8)
    workspace_id = models.UUIDField()
    name = models.CharField(max_length=255)
    path = models.JSONField()
    cause = models.TextField()
    reason = models.CharField(max_length=16, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=["create", "move", "update", "remove", "restore"]), name="run_operation_kind"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class RunMemory(models.Model):
    """The last word of a template about a workspace before a run, and its word since; an undo puts the former back.

    `files` keeps the content that the workspace had before.
    """

    pk = models.CompositePrimaryKey("run_id", "workspace_id")
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="memories", db_index=False)
    workspace_id = models.UUIDField()
    declared = models.JSONField(null=True)
    declared_digest = models.CharField(max_length=32, blank=True)
    differs = models.CharField(max_length=8, blank=True)
    template = models.CharField(max_length=255, blank=True)
    files = models.ForeignKey(FileSet, on_delete=models.PROTECT, null=True, related_name="memories", db_index=False)
    digest_since = models.CharField(max_length=32, blank=True)
    differs_since = models.CharField(max_length=8, blank=True)
    template_since = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes = (models.Index(fields=("files",), condition=Q(files__isnull=False), name="memory_by_files"),)

    def __str__(self) -> str:
        return f"{self.workspace_id} before {self.run_id}"


class RunTemplate(models.Model):
    """The template of an import as it was read. `services.plans.kept_templates` decides how long it is kept."""

    run = models.OneToOneField(ImportRun, on_delete=models.CASCADE, primary_key=True, related_name="template")
    document = models.BinaryField(help_text="JSON, compressed with zlib.")

    def __str__(self) -> str:
        return f"template of run {self.run_id}"


class RunFiles(models.Model):
    """A run's template came with these files: as long as it is kept, so are they."""

    run = models.ForeignKey(RunTemplate, on_delete=models.CASCADE, related_name="files")
    files = models.ForeignKey(FileSet, on_delete=models.PROTECT, related_name="runs")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "files"), name="run_files_once"),)

    def __str__(self) -> str:
        return f"{self.files_id} for {self.run_id}"


class ImportPreview(models.Model):
    """A read template beside the tree that its plans were made from, waiting for a decision. Any web process can
    confirm it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    source = models.CharField(max_length=255, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    template = models.TextField(help_text="JSON as text: a JSON column may write numbers in another way.")
    seen = models.JSONField(default=list, help_text="The live rows the plans were made from.")
    contents = models.JSONField(
        default=dict, help_text="The fields of those that may not be as the template says, by id."
    )
    last_run = models.UUIDField(null=True, help_text="The organization's last run that had changed something then.")
    applied_by = models.ForeignKey(
        ImportRun, on_delete=models.PROTECT, null=True, related_name="previews", help_text="The run that applied it."
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"preview {self.id}"


class PreviewFiles(models.Model):
    """A preview needs these files: as long as it is kept, so are they."""

    preview = models.ForeignKey(ImportPreview, on_delete=models.CASCADE)
    files = models.ForeignKey(FileSet, on_delete=models.PROTECT, related_name="previews")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("preview", "files"), name="preview_files_once"),)

    def __str__(self) -> str:
        return f"{self.files_id} for {self.preview_id}"
