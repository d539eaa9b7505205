"""`POST /runs/{id}/undo` and `POST /workspaces/{id}/restore`: the same fields, the same answer."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import Right
from workspaces.api import undo_openapi
from workspaces.api.base_view import ApiView
from workspaces.api.callers import OnImport, refuse_read_only
from workspaces.api.parsers import body_fields, body_of, fields
from workspaces.api.undo_schemas import UndoFields
from workspaces.core.reading.document import Document
from workspaces.services.lookups import run_for, workspace_for
from workspaces.services.undo.undo_rights import within_rights
from workspaces.services.undo.undoing import (
    UndoConfirmation,
    apply_restore,
    apply_undo,
    preview_restore,
    preview_undo,
    undo_answer,
    undone_answer,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoRequest:
    """A requested undo or restore."""

    dry_run: bool
    reason: str
    confirmation: UndoConfirmation


def read_undo(request: Request) -> UndoRequest:
    """The fields of the body; without a body all are left out.

    Raises RequestInvalid, and Denied if a read-only token asks for more than a dry run.
    """
    has_body = isinstance(body_of(request), Document)
    given = body_fields(request, UndoFields) if has_body else fields({}, UndoFields)
    if not given["dry_run"]:
        refuse_read_only(request, OnImport.needs["POST"])
    confirmation = UndoConfirmation(
        fingerprint=given["fingerprint"],
        confirm_removals=given["confirm_removals"],
        confirm_data_loss=given["confirm_data_loss"],
    )
    return UndoRequest(dry_run=given["dry_run"], reason=given["reason"] or "", confirmation=confirmation)


@undo_openapi.undo
class UndoView(ApiView):
    permission_classes = [OnImport]
    destructive = ("POST",)

    def post(self, request: Request, run_id: str) -> Response:
        asked, caller = read_undo(request), self.caller
        run = run_for(caller.user, run_id, to=Right.IMPORT)
        if asked.dry_run:
            return Response(undo_answer(preview_undo(run)))
        confirmation = within_rights(asked.confirmation, user=caller.user, run=run)
        undone = apply_undo(run, actor=caller.actor, reason=asked.reason, confirmation=confirmation)
        return Response(undone_answer(undone), status=201)


@undo_openapi.restore
class RestoreView(ApiView):
    permission_classes = [OnImport]
    destructive = ("POST",)

    def post(self, request: Request, workspace_id: str) -> Response:
        asked, caller = read_undo(request), self.caller
        workspace = workspace_for(caller.user, workspace_id, to=Right.IMPORT)
        organization, ids = workspace.organization, [workspace.pk]
        if asked.dry_run:
            return Response(undo_answer(preview_restore(organization, ids)))
        restored = apply_restore(
            organization, ids, actor=caller.actor, reason=asked.reason, confirmation=asked.confirmation
        )
        return Response(undone_answer(restored), status=201)
