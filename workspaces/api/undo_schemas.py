"""The shapes of undo and restore: the fields of both requests, and their answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from workspaces.api.answer_schemas import ChangedRow, ErrorAnswer, IdentityRow, MovedRow, VerdictRow
from workspaces.api.request_fields import Boolean, Count, Text
from workspaces.api.serializers import MAX_REASON
from workspaces.core.planning.plan_values import Mode, Reason


class UndoFields(serializers.Serializer[Any]):
    """Null means left out, but not for `dry_run`: that could undo by mistake."""

    dry_run = Boolean(default=False, help_text="Answer with the plan and change nothing.")
    fingerprint = Text(default=None, allow_null=True, help_text="Apply only if the plan is still this one.")
    confirm_removals = Count(
        default=None, allow_null=True, help_text="The exact number of removals, to pass the removal guard."
    )
    confirm_data_loss = Count(
        default=None, allow_null=True, help_text="The exact number of workspaces that come back empty."
    )
    reason = Text(
        default="",
        allow_blank=True,
        allow_null=True,
        max_length=MAX_REASON,
        help_text="Kept with the run and in history.",
    )


class RestoredRow(IdentityRow):
    path = serializers.ListField(child=serializers.CharField(), help_text="The names from the root, its own last.")
    data_lost = serializers.BooleanField(help_text="Its data was destroyed: it comes back with empty volumes.")


class UndoneRow(IdentityRow):
    reason = serializers.ChoiceField(
        choices=[each.value for each in (Reason.CREATED, Reason.RESTORED, Reason.COLLATERAL)],
        help_text="Created or restored by that run, or below such a one.",
    )


class CannotRow(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    why = serializers.CharField(help_text="What is in the way, and what to do about it.")


class UndoGuardRow(serializers.Serializer[Any]):
    message = serializers.CharField()
    confirm_removals = serializers.IntegerField(allow_null=True, help_text="null where it is not asked for.")
    confirm_data_loss = serializers.IntegerField(allow_null=True, help_text="null where it is not asked for.")


class UndoAnswer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=[Mode.UNDO.value])
    run_id = serializers.UUIDField(allow_null=True, help_text="Of the undo itself; null in a dry run.")
    restored_count = serializers.IntegerField()
    removed_count = serializers.IntegerField()
    moved_count = serializers.IntegerField()
    updated_count = serializers.IntegerField(help_text="Those that change at their place; a moved one counts as moved.")
    restored = RestoredRow(many=True)
    removed = UndoneRow(many=True)
    moved = MovedRow(many=True)
    updated = ChangedRow(many=True)
    cannot = CannotRow(many=True, help_text="What is left as it is, wholly or in part.")
    verdict = VerdictRow(help_text="What the policy says to the plan.")
    fingerprint = serializers.CharField()
    dry_run = serializers.BooleanField(required=False, help_text="Only in a dry run, and then true.")
    guard = UndoGuardRow(required=False, allow_null=True, help_text="Only in a dry run: what would be refused.")


class UndoConflict(ErrorAnswer):
    applied_by = serializers.UUIDField(
        required=False, help_text="The run that applied the plan of this fingerprint already."
    )
    fingerprint = serializers.CharField(required=False, help_text="Of the plan, when the one given is stale.")
    confirm_removals = serializers.IntegerField(
        required=False, allow_null=True, help_text="The number that passes the removal guard; null: none is asked for."
    )
    confirm_data_loss = serializers.IntegerField(
        required=False, allow_null=True, help_text="The number of those that come back empty; null: none is asked for."
    )
    cannot = CannotRow(many=True, required=False, help_text="Why nothing of it can be taken back.")
    plan = UndoAnswer(required=False, help_text="The plan as of now, as a dry run answers.")
