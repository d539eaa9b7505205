"""The right to remove: asked of the one who undoes a run only if that removes something, which its plan says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workspaces import access
from workspaces.access import Right
from workspaces.models import ImportRun
from workspaces.services.undo.undoing import UndoConfirmation, check_shown, preview_undo

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def within_rights(given: UndoConfirmation, *, user: User, run: ImportRun) -> UndoConfirmation:
    """The confirmation with which the user may undo the run: of a user who may not remove, that of exactly the plan
    that was looked at here, so that nothing which removes slips in before the lock.

    Raises Denied, and for such a user PlanChanged, AppliedAlready or NothingToUndo.
    """
    if access.has(user, Right.CASCADE_DELETE):
        return given
    plan = preview_undo(run)
    if plan.removals:
        access.require(user, Right.CASCADE_DELETE, because="This undo removes workspaces.")
    check_shown(plan, given.fingerprint, organization=run.organization, undoes=run)
    return replace(given, fingerprint=plan.fingerprint)
