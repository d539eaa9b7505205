"""Input and output."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from workspaces.api.answer_schemas import StateRow, TombstoneRow
from workspaces.api.request_fields import Boolean, Count, Mapping, ModeField, Text, Tier, WordField
from workspaces.core.columns import DEFAULT_RUNTIME, DEFAULT_TIER
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.names import clean_name
from workspaces.core.planning.field_diff import Differs
from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan_values import Kind, Mode
from workspaces.core.validating.template_schema import MAX_LINE
from workspaces.core.validating.url_rule import check_url
from workspaces.core.validating.validation_context import MissingFiles
from workspaces.errors import InvalidOptions
from workspaces.models import Container, ImportRun, RunOperation, Schedule, Workspace
from workspaces.services.lookups import ancestor_names, live_children_count
from workspaces.services.removal.tombstones import tombstone_of

MAX_REASON = 2_000
MAX_ROLE = 100_000
OPTIONS = tuple(each.name for each in fields(ImportOptions))

# ---- input


class ImportFields(serializers.Serializer[Any]):
    """The fields of an import besides the template."""

    mode = ModeField(default=Mode.MERGE, help_text="`merge` when empty or left out.")
    org = Text(default="default", help_text="The organization's slug.")
    dry_run = Boolean(default=False, help_text="Answer with the plan and change nothing.")
    fingerprint = Text(default=None, help_text="Apply only if the plan is still this one.")
    confirm_removals = Count(default=None, help_text="The exact number of removals, to pass the removal guard.")
    reason = Text(default="", allow_blank=True, max_length=MAX_REASON, help_text="Kept with the run and in history.")
    moves = Boolean(
        default=None,
        help_text="Follow workspaces that the template puts elsewhere or renames, with all they hold. Left out: only "
        "in `reconcile`.",
    )
    updates = Boolean(
        default=None,
        help_text="Change the fields and schedules that the template changed. Left out: only in `reconcile`.",
    )
    retire = Boolean(
        default=False,
        help_text="Remove what this template declared before and no longer does. Only with `reconcile`.",
    )
    overwrite = Boolean(
        default=False,
        help_text="Take the template's side where people changed a field, too. Only with `reconcile` and updates.",
    )
    prefer = WordField(
        Prefer,
        help_text="`oldest`: where a workspace at its declared place has one older namesake elsewhere, the older one "
        "takes the place and the younger one is removed. Only with `reconcile` and moves.",
    )
    missing_files = WordField(
        MissingFiles,
        help_text="`warn`: a prompt file that does not exist is a warning, its prompt stays empty and its schedule is "
        "disabled; otherwise an error.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The five of them become `options`."""
        asked = {name: attrs.pop(name) for name in OPTIONS}
        try:
            return attrs | {"options": ImportOptions.of(attrs["mode"], **asked)}
        except InvalidOptions as error:
            raise serializers.ValidationError(dict(error.faults)) from error


class DirectoryField(serializers.Serializer[Any]):
    dir = Text(help_text="A template's directory on the server, as `GET /org/templates` lists it.")


class DeleteFields(serializers.Serializer[Any]):
    confirm = Boolean(default=False, help_text="Remove the children too.")
    keep_volumes = Boolean(default=False, help_text="Never destroy the volumes. Not together with `erase`.")
    erase = Boolean(default=False, help_text="Destroy the volumes at once, not after `ORGSITE_DATA_GRACE`.")
    reason = Text(default="", allow_blank=True, max_length=MAX_REASON, help_text="Kept in history.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The two of them become `data`."""
        keep, erase = attrs.pop("keep_volumes"), attrs.pop("erase")
        if keep and erase:
            raise serializers.ValidationError({"erase": "does not go together with keep_volumes"})
        return attrs | {"data": DataPolicy.of(keep_volumes=keep, erase=erase)}


class NewWorkspaceFields(serializers.Serializer[Any]):
    name = Text(check=clean_name, help_text="Unique among its live siblings, 1–255 characters.")
    parent = serializers.UUIDField(default=None, allow_null=True, help_text="null or left out: a root.")  # type: ignore[assignment]
    org = Text(default=None, help_text="The organization's slug; left out: the parent's, else `default`.")
    role = Text(default="", allow_blank=True, max_length=MAX_ROLE)
    tier = Tier(default=DEFAULT_TIER)
    runtime = Text(default=DEFAULT_RUNTIME, max_length=MAX_LINE)
    model = Text(default="", allow_blank=True, max_length=MAX_LINE)
    external = Boolean(default=False, help_text="It runs elsewhere, at `url`, and gets no container.")
    url = Text(default="", allow_blank=True, check=check_url)
    spec = Mapping(default=dict, help_text="Whatever else describes it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["external"] and not attrs["url"]:
            raise serializers.ValidationError({"url": "is required, because the workspace is external"})
        return attrs


class ChangedFields(serializers.Serializer[Any]):
    protected = Boolean(required=False, help_text="Never removed: not by a reconcile, not by a delete.")
    role = Text(required=False, allow_blank=True, max_length=MAX_ROLE)
    tier = Tier(required=False)
    reason = Text(default="", allow_blank=True, max_length=MAX_REASON, help_text="Kept in history and in the event.")


class RegisterFields(serializers.Serializer[Any]):
    url = Text(check=check_url, help_text="Where the workspace's agent listens, http(s).")


# ---- output


class DiffersField(serializers.ChoiceField):
    """How a workspace is not what its template said last: `none` if it is."""

    def to_representation(self, value: Any) -> str:
        return str(value or "none")


class WorkspaceRow(serializers.ModelSerializer[Workspace]):
    organization = serializers.CharField(source="organization.slug", help_text="The organization's slug.")
    template = serializers.CharField(allow_blank=True, help_text="The template that declared it; empty: made by hand.")
    differs = DiffersField(
        choices=("none", *(each.value for each in Differs if each)),
        read_only=True,
        help_text="How it is not what that template said last: people changed it (`drift`), or both did (`conflict`).",
    )

    class Meta:
        model = Workspace
        fields: tuple[str, ...] = (
            "id", "organization", "parent_id", "name", "role", "tier", "runtime", "model", "status", "protected",
            "external", "url", "reported_url", "template", "differs", "created_at", "updated_at", "removed_at",
            "last_heartbeat_at",
        )  # fmt: skip
        read_only_fields = fields


class ScheduleRow(serializers.ModelSerializer[Schedule]):
    class Meta:
        model = Schedule
        fields = ("name", "cron_expr", "timezone", "prompt", "enabled", "source", "created_at", "updated_at")
        read_only_fields = fields


class ContainerRow(serializers.ModelSerializer[Container]):
    attempts = serializers.IntegerField(help_text="Failures in a row.")
    last_error = serializers.CharField(help_text="The engine's own words; empty where nothing is wrong.")
    next_attempt_at = serializers.DateTimeField(source="due_at", help_text="null where nothing is left to do.")

    class Meta:
        model = Container
        fields = ("desired", "observed", "keep_volumes", "attempts", "last_error", "next_attempt_at", "changed_at")
        read_only_fields = fields


class WorkspaceDetail(WorkspaceRow):
    path = serializers.SerializerMethodField(help_text="The names above it, root first.")
    children_count = serializers.SerializerMethodField(help_text="Live workspaces directly below.")
    spec = serializers.DictField()
    files = serializers.CharField(
        source="files_id", allow_null=True, help_text="Digest of the files it was created with; null where none came."
    )
    schedules = ScheduleRow(many=True)
    container = serializers.SerializerMethodField(help_text="null where it has none.")
    removal = serializers.SerializerMethodField(help_text="Of a removed one; null for a live one.")

    class Meta(WorkspaceRow.Meta):
        fields = (
            *WorkspaceRow.Meta.fields, "path", "children_count", "spec", "files", "schedules", "container", "removal",
        )  # fmt: skip
        read_only_fields = fields

    def get_path(self, workspace: Workspace) -> list[str]:
        return ancestor_names(workspace)

    def get_children_count(self, workspace: Workspace) -> int:
        return live_children_count(workspace)

    @extend_schema_field(ContainerRow(allow_null=True))
    def get_container(self, workspace: Workspace) -> dict[str, Any] | None:
        row = Container.objects.filter(workspace=workspace).first()
        return ContainerRow().to_representation(row) if row else None

    @extend_schema_field(TombstoneRow(allow_null=True))
    def get_removal(self, workspace: Workspace) -> dict[str, Any] | None:
        stone = None if workspace.is_live else tombstone_of(workspace.pk)
        return TombstoneRow().to_representation(stone) if stone else None


class RunRow(serializers.ModelSerializer[ImportRun]):
    org = serializers.CharField(source="organization.slug")
    template = serializers.CharField(source="template_name", help_text="Its name; empty for a removal and an undo.")
    undoes = serializers.UUIDField(
        source="undoes_id", allow_null=True, help_text="The run that this one undoes; null for a restore, too."
    )
    undone_by = serializers.UUIDField(
        source="undone_by_id", allow_null=True, help_text="The run that undid this one; null once that is undone."
    )

    class Meta:
        model = ImportRun
        fields = (
            "id", "number", "org", "mode", "state", "template", "source", "reason", "actor", "created_count",
            "skipped_count", "moved_count", "updated_count", "restored_count", "differs_count", "removed_count",
            "left_running_count", "live_before", "live_after", "undoes", "undone_by", "error", "fingerprint",
            "started_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class OperationRow(serializers.ModelSerializer[RunOperation]):
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    path = serializers.ListField(child=serializers.CharField(), help_text="The names from the root, as they were then.")
    before = serializers.SerializerMethodField(help_text="How it was; null: it was not there.")
    after = serializers.SerializerMethodField(help_text="How it was afterwards; null: it was not there.")

    class Meta:
        model = RunOperation
        fields = ("seq", "kind", "workspace_id", "name", "path", "cause", "reason", "before", "after")
        read_only_fields = fields

    @extend_schema_field(StateRow(allow_null=True))
    def get_before(self, operation: RunOperation) -> Any:
        return operation.before

    @extend_schema_field(StateRow(allow_null=True))
    def get_after(self, operation: RunOperation) -> Any:
        return operation.after
