"""The shapes of answers that no model gives, for the OpenAPI description and for `answer`.

Large and shared answers (an import's, an error's) are made as plain data at their source. A test compares each of them
with its shape here: the same keys in the same order, and the same types.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from workspaces.core.planning.policy import Word


def answer(shape: type[serializers.Serializer[Any]], **facts: Any) -> dict[str, Any]:
    """The facts in that shape. Optional facts may be left out."""
    made: dict[str, Any] = shape().to_representation(facts)
    return made


class ProblemRow(serializers.Serializer[Any]):
    path = serializers.CharField(allow_blank=True, help_text="Like `workspaces[2].children[0].tier`.")
    line = serializers.IntegerField(allow_null=True)
    file = serializers.CharField(required=False, help_text="Where the template has several files.")
    message = serializers.CharField()


class ErrorAnswer(serializers.Serializer[Any]):
    error = serializers.CharField(help_text="One sentence.")
    errors = ProblemRow(many=True)  # type: ignore[assignment]


UNBORN = "null in a dry run for what would be created."


class ResultRow(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text=UNBORN)
    name = serializers.CharField()
    parent_id = serializers.UUIDField(allow_null=True, help_text=UNBORN)
    tier = serializers.IntegerField()
    status = serializers.CharField()
    skipped = serializers.BooleanField(help_text="It was live already.")
    action = serializers.ChoiceField(choices=["create", "keep", "update", "move"])


class IdentityRow(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    parent_id = serializers.UUIDField(allow_null=True)


class RemovedRow(IdentityRow):
    reason = serializers.ChoiceField(choices=["zombie", "not_spawning", "superseded", "retired", "collateral"])


class KeptRow(IdentityRow):
    error = serializers.CharField()


class PlaceRow(serializers.Serializer[Any]):
    parent_id = serializers.UUIDField(allow_null=True, help_text=UNBORN)
    path = serializers.ListField(child=serializers.CharField(), help_text="The names from the root, its own last.")
    name = serializers.CharField()


class ChangeRow(serializers.Serializer[Any]):
    field = serializers.CharField(
        help_text="`role`, `tier`, `runtime`, `model`, `external`, `url`, `files`, `spec.KEY` or `schedules.NAME`."
    )
    to = serializers.JSONField(
        allow_null=True, help_text="What the template says; null: it has no such key or schedule."
    )

    def get_fields(self) -> dict[str, Any]:
        """Adds `from`, which is no name in Python."""
        live = serializers.JSONField(allow_null=True, help_text="What is live; null: there is none.")
        field, to = super().get_fields().items()
        return dict([field, ("from", live), to])


class ChangedRow(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    changes = ChangeRow(many=True)
    restarts = serializers.BooleanField(help_text="Its container is made anew, on the same volumes.")


class MovedRow(ChangedRow):
    def get_fields(self) -> dict[str, Any]:
        """Adds the places, before what changes with the move."""
        key, name, *others = super().get_fields().items()
        return dict([key, name, ("from", PlaceRow()), ("to", PlaceRow()), *others])


class StateRow(serializers.Serializer[Any]):
    """A workspace before or after an operation."""

    parent_id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="The fields that the operation changed, by name; missing where it changed none."
    )


class UntouchedRow(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    why = serializers.ChoiceField(choices=["by_hand", "other_template", "no_longer_declared"])


class GuardRow(serializers.Serializer[Any]):
    message = serializers.CharField()
    confirm_removals = serializers.IntegerField()


class RulingRow(serializers.Serializer[Any]):
    rule = serializers.CharField()
    ok = serializers.BooleanField()
    why = serializers.CharField()


class VerdictRow(serializers.Serializer[Any]):
    word = serializers.ChoiceField(choices=[word.value for word in Word])
    rules = RulingRow(many=True)


class ImportAnswer(serializers.Serializer[Any]):
    org = serializers.CharField(help_text="The template's name.")
    mode = serializers.ChoiceField(choices=["merge", "reconcile"])
    import_id = serializers.UUIDField(allow_null=True)
    count = serializers.IntegerField()
    created_count = serializers.IntegerField()
    skipped_count = serializers.IntegerField(help_text="All that were live already, moved and updated ones too.")
    moved_count = serializers.IntegerField()
    updated_count = serializers.IntegerField(help_text="Those that change at their place; a moved one counts as moved.")
    differs_count = serializers.IntegerField(
        help_text="Matched workspaces that are not what the template says, and that this leaves so."
    )
    reconcile_removed_count = serializers.IntegerField()
    workspaces = ResultRow(many=True, help_text="The result set in template order, depth first.")
    reconcile_removed = RemovedRow(many=True)
    reconcile_errors = KeptRow(many=True, help_text="Kept although declared elsewhere: protected, or above such a one.")
    left_running = IdentityRow(many=True, help_text="Left online although the template names it elsewhere.")
    moved = MovedRow(many=True)
    updated = ChangedRow(many=True)
    drift = ChangedRow(many=True, help_text="Fields that people changed and the template did not: left as they are.")
    conflicts = ChangedRow(
        many=True, help_text="Fields that both changed: left as they are, unless `overwrite` is set."
    )
    untouched = UntouchedRow(many=True, help_text="Live, and not named by the template.")
    untouched_count = serializers.IntegerField()
    warnings = serializers.ListField(child=serializers.CharField())
    verdict = VerdictRow(help_text="What the policy says to the plan; `number` and `tick` take `confirm_removals`.")
    fingerprint = serializers.CharField()
    dry_run = serializers.BooleanField(required=False, help_text="Only in a dry run, and then true.")
    guard = GuardRow(required=False, allow_null=True, help_text="Only in a dry run: what the removal guard says.")


class ImportConflict(ErrorAnswer):
    applied_by = serializers.UUIDField(
        required=False,
        help_text="The run that applied the plan of this fingerprint already, where it changed something.",
    )
    fingerprint = serializers.CharField(required=False, help_text="Of the plan, when the one given is stale.")
    confirm_removals = serializers.IntegerField(required=False, help_text="The number that passes the removal guard.")
    plan = ImportAnswer(required=False, help_text="The plan as of now, as a dry run answers.")


class TemplateRow(serializers.Serializer[Any]):
    dir = serializers.CharField()
    name = serializers.CharField(allow_blank=True, help_text="Empty where it does not load.")
    description = serializers.CharField(allow_blank=True)
    workspaces = serializers.IntegerField(help_text="How many it declares.")
    error = serializers.CharField(required=False, help_text="Why it does not load.")


class ChildRow(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class PurgedRow(serializers.Serializer[Any]):
    volumes = serializers.ListField(child=serializers.CharField(), help_text="Their names on the engine.")
    bytes = serializers.IntegerField(allow_null=True, help_text="As they were measured last; null: never.")


class DeletedAnswer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="`removed`.")
    cascade_deleted = serializers.IntegerField(help_text="Descendants that went with it.")
    run_id = serializers.UUIDField(allow_null=True, help_text="Of the run; null where it was removed already.")
    purged = PurgedRow(
        required=False,
        allow_null=True,
        help_text="With `erase`, where it was removed already: the data that is destroyed; null where none was stored.",
    )


class DeleteConflict(serializers.Serializer[Any]):
    status = serializers.CharField(required=False, help_text="`confirmation_required`, where that is what is missing.")
    children_count = serializers.IntegerField(required=False)
    descendants_count = serializers.IntegerField(required=False)
    children = ChildRow(many=True, required=False)
    error = serializers.CharField(required=False)
    errors = ProblemRow(many=True, required=False)  # type: ignore[assignment]
    protected = serializers.ListField(child=serializers.UUIDField(), required=False)


class TokenAnswer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Shown this once.")


WHY = "As it was given; where it was not, the cause in the plan."
UNTIL = "Until when it comes back with its data; null where that is kept for good or destroyed, or there never was any."


class GoneAnswer(serializers.Serializer[Any]):
    """To an agent whose workspace is removed. All but `deleted` is null if it was restored at this moment: then this
    token is dead."""

    deleted = serializers.BooleanField()
    removed_at = serializers.DateTimeField(allow_null=True)
    by = serializers.CharField(allow_null=True, allow_blank=True, help_text="The name of the user or program.")
    reason = serializers.CharField(allow_null=True, allow_blank=True, help_text=WHY)
    run_id = serializers.UUIDField(allow_null=True, help_text="The run that removed it, for `GET /runs/{id}`.")
    restorable_until = serializers.DateTimeField(allow_null=True, help_text=UNTIL)


class TombstoneRow(serializers.Serializer[Any]):
    """The removal of a workspace."""

    removed_at = serializers.DateTimeField()
    by = serializers.CharField(allow_blank=True, help_text="The name of the user or program.")
    reason = serializers.CharField(allow_blank=True, help_text=WHY)
    run_id = serializers.UUIDField(allow_null=True, help_text="Null for removals older than runs.")
    run_number = serializers.IntegerField(allow_null=True)
    restorable_until = serializers.DateTimeField(allow_null=True, help_text=UNTIL)
    purged_at = serializers.DateTimeField(allow_null=True, help_text="When its data was destroyed.")


class HealthAnswer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="`ok`.")


class EngineAnswer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="As ORGSITE_ENGINE says.")
    said = serializers.CharField(allow_blank=True, help_text="What it said of itself when a worker last saw it.")
    error = serializers.CharField(allow_blank=True, help_text="Empty while it answers.")


class ReadyAnswer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="`ok` or `unavailable`.")
    checks = serializers.DictField(child=serializers.CharField())
    open_runs = serializers.IntegerField(required=False, help_text="This and what follows only with credentials.")
    containers_due = serializers.IntegerField(required=False, help_text="Not yet what they should be.")
    containers_failing = serializers.IntegerField(required=False, help_text="Those of them with an error.")
    strays = serializers.IntegerField(
        required=False, help_text="Workspace ids that the engine holds something for and the database does not know."
    )
    engine = EngineAnswer(required=False)
