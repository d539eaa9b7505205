"""Input and output. A field takes its own type and guesses nothing: `"yes"` is no boolean, 5 is no text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from workspaces.core.columns import DEFAULT_RUNTIME, DEFAULT_TIER, TIER_RULE, TIERS
from workspaces.core.names import clean_name, clean_text
from workspaces.core.planning.plan import parse_mode
from workspaces.core.planning.plan_values import IMPORT_MODES, Mode
from workspaces.core.validating.template_schema import MAX_LINE
from workspaces.core.validating.url_rule import check_url
from workspaces.core.validating.validation_context import MissingFiles
from workspaces.errors import UnknownMode
from workspaces.models import Container, ImportRun, RunOperation, Schedule, Workspace
from workspaces.services.lookups import ancestor_names, live_children_count

MAX_REASON = 2_000
MAX_ROLE = 100_000
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

# ---- fields


class Boolean(serializers.BooleanField):
    """true or false; from a form or a query also 1 and 0."""

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, bool):
            return data
        value = BOOLEANS.get(data.lower()) if isinstance(data, str) else None
        if value is None:
            raise serializers.ValidationError("must be true or false")
        return value


class Count(serializers.IntegerField):
    """A whole number from 0, as a number or in digits."""

    def to_internal_value(self, data: Any) -> int:
        digits = isinstance(data, str) and data.isascii() and data.isdigit() and len(data) < 10
        if not digits and (isinstance(data, bool) or not isinstance(data, int) or not 0 <= data < 10**9):
            raise serializers.ValidationError("must be a whole number from 0")
        return int(data)


class Tier(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=TIERS[0], max_value=TIERS[-1], **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or data not in TIERS:
            raise serializers.ValidationError(TIER_RULE)
        return data


class Text(serializers.CharField):
    """Text that a database can hold; `check` may refuse it with a ValueError, or return it in its stored form."""

    def __init__(self, *, check: Callable[[str], str] = clean_text, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)
        self.check = check

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            raise serializers.ValidationError("must be text")
        return super().run_validation(data)

    def to_internal_value(self, data: str) -> str:
        try:
            return self.check(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class ModeField(serializers.ChoiceField):
    """The empty mode means merge."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[mode.value for mode in IMPORT_MODES], allow_blank=True, **kwargs)

    def to_internal_value(self, data: Any) -> Mode:
        try:
            return parse_mode(data if isinstance(data, str) else repr(data)[:60])
        except UnknownMode as error:
            raise serializers.ValidationError(str(error)) from error

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return Mode.MERGE if data == "" else super().run_validation(data)


class MissingFilesField(serializers.ChoiceField):
    """The empty value means error."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[each.value for each in MissingFiles], allow_blank=True, **kwargs)

    def to_internal_value(self, data: Any) -> MissingFiles:
        if data == "":
            return MissingFiles.ERROR
        if not isinstance(data, str) or data not in list(MissingFiles):
            raise serializers.ValidationError("must be error or warn")
        return MissingFiles(data)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return MissingFiles.ERROR if data == "" else super().run_validation(data)


class Mapping(serializers.DictField):
    """A JSON object."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("must be an object")
        return data


# ---- input


class ImportFields(serializers.Serializer[Any]):
    """The fields of an import besides the template."""

    mode = ModeField(default=Mode.MERGE, help_text="`merge` when empty or left out.")
    org = Text(default="default", help_text="The organization's slug.")
    dry_run = Boolean(default=False, help_text="Answer with the plan and change nothing.")
    fingerprint = Text(default=None, help_text="Apply only if the plan is still this one.")
    confirm_removals = Count(default=None, help_text="The exact number of removals, to pass the removal guard.")
    reason = Text(default="", allow_blank=True, max_length=MAX_REASON, help_text="Kept with the run and in history.")
    missing_files = MissingFilesField(
        default=MissingFiles.ERROR,
        help_text="`warn`: a prompt file that does not exist is a warning, its prompt stays empty and its schedule is "
        "disabled; otherwise an error.",
    )


class DirectoryField(serializers.Serializer[Any]):
    dir = Text(help_text="A template's directory on the server, as `GET /org/templates` lists it.")


class DeleteFields(serializers.Serializer[Any]):
    confirm = Boolean(default=False, help_text="Remove the children too.")
    keep_volumes = Boolean(default=False, help_text="Leave the volumes when the containers go.")
    reason = Text(default="", allow_blank=True, max_length=MAX_REASON, help_text="Kept in history.")


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


class WorkspaceRow(serializers.ModelSerializer[Workspace]):
    organization = serializers.CharField(source="organization.slug", help_text="The organization's slug.")

    class Meta:
        model = Workspace
        fields: tuple[str, ...] = (
            "id", "organization", "parent_id", "name", "role", "tier", "runtime", "model", "status", "protected",
            "external", "url", "created_at", "updated_at", "removed_at", "last_heartbeat_at",
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

    class Meta(WorkspaceRow.Meta):
        fields = (*WorkspaceRow.Meta.fields, "path", "children_count", "spec", "files", "schedules", "container")
        read_only_fields = fields

    def get_path(self, workspace: Workspace) -> list[str]:
        return ancestor_names(workspace)

    def get_children_count(self, workspace: Workspace) -> int:
        return live_children_count(workspace)

    @extend_schema_field(ContainerRow(allow_null=True))
    def get_container(self, workspace: Workspace) -> dict[str, Any] | None:
        row = Container.objects.filter(workspace=workspace).first()
        return ContainerRow().to_representation(row) if row else None


class RunRow(serializers.ModelSerializer[ImportRun]):
    org = serializers.CharField(source="organization.slug")
    template = serializers.CharField(source="template_name", help_text="Its name; empty for a removal.")

    class Meta:
        model = ImportRun
        fields = (
            "id", "number", "org", "mode", "state", "template", "source", "reason", "actor", "created_count",
            "skipped_count", "removed_count", "left_running_count", "live_before", "live_after", "error", "fingerprint",
            "started_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class OperationRow(serializers.ModelSerializer[RunOperation]):
    path = serializers.ListField(child=serializers.CharField(), help_text="The names from the root, as they were then.")
    before = serializers.JSONField(allow_null=True, help_text="Where it stood: `parent_id` and `name`; null: nowhere.")
    after = serializers.JSONField(allow_null=True, help_text="Where it stood afterwards; null: nowhere.")

    class Meta:
        model = RunOperation
        fields = ("seq", "kind", "workspace_id", "name", "path", "cause", "reason", "before", "after")
        read_only_fields = fields
