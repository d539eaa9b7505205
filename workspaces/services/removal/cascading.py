"""`cascade_delete`: the ONE teardown. Reconcile, REST, the admin's bulk action and the command line all call it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from lib.database_clock import database_now
from lib.text import plural
from workspaces.errors import CascadeChanged, WorkspaceProtected
from workspaces.models import Schedule, Status, Workspace, WorkspaceToken
from workspaces.services.actors import Actor
from workspaces.services.causes import Reasons
from workspaces.services.containers.desired_state import want_absent
from workspaces.services.history import record_history
from workspaces.services.locking import lock_organizations
from workspaces.services.workspace_events import tell_each

DESCENDANT = "below a removed workspace"


class Doomed(NamedTuple):
    """A workspace that a cascade takes: a selected one (`root`) or one below it."""

    id: UUID
    parent_id: UUID | None
    name: str
    organization: str
    protected: bool
    root: bool


def preview_cascade(roots: Collection[UUID]) -> tuple[Doomed, ...]:
    """All a cascade delete of `roots` would take, each once, by organization and age. Changes nothing."""
    return _doomed(roots)


def cascade_delete(
    roots: Collection[UUID],
    *,
    actor: Actor,
    reason: str = "",
    causes: Mapping[UUID, str] | None = None,
    import_id: UUID | None = None,
    keep_volumes: bool = False,
    expected: Collection[UUID] | None = None,
) -> tuple[Doomed, ...]:
    """Remove the live ones of `roots` with everything live below them, in one transaction; return what went.

    Removed rows are skipped, so deleting twice is harmless. `causes` says by which rule single ids go; `reason` is the
    caller's and goes into every history row. `expected` are the ids somebody saw and agreed to. Raises
    WorkspaceProtected, or CascadeChanged when other ids than expected would go, and then changes nothing.
    """
    with transaction.atomic():
        _lock(roots)
        doomed = _doomed(roots)
        refuse_protected(doomed)
        _refuse_surprise(doomed, expected)
        if doomed:
            now = database_now()
            why = _why(doomed, reason=reason, causes=causes or {})
            _mark_removed(why.ids, now=now)
            containers = want_absent(why.ids, keep_volumes=keep_volumes, import_id=import_id, now=now)
            record_history(why, kind="~", actor=actor, now=now, import_id=import_id)
            facts: dict[str, Any] = {"actor": actor, "now": now, "import_id": import_id, "keep_volumes": keep_volumes}
            tell_each("removed", why, **facts)
            if containers < len(why):
                _tell_released(why.ids, **facts)
        return doomed


def _lock(roots: Collection[UUID]) -> None:
    lock_organizations(Workspace.objects.filter(id__one_of=roots).order_by().values("organization").distinct())


def _doomed(roots: Collection[UUID]) -> tuple[Doomed, ...]:
    chosen = set(roots)
    return tuple(Doomed._make((*row, row[0] in chosen)) for row in Workspace.objects.live_subtree(roots))


def refuse_protected(doomed: Sequence[Doomed]) -> None:
    """Raise WorkspaceProtected where a delete would include a protected workspace."""
    held = [row for row in doomed if row.protected]
    if held:
        names = ", ".join(sorted(row.name for row in held)[:5]) + (" and more" if len(held) > 5 else "")
        message = f"Protected, so nothing was removed: {names}. Clear the protection first."
        raise WorkspaceProtected(message, ids=tuple(row.id for row in held))


def _refuse_surprise(doomed: Sequence[Doomed], expected: Collection[UUID] | None) -> None:
    if expected is not None and {row.id.int for row in doomed} != {key.int for key in expected}:
        now = f"{plural(len(doomed), 'workspace')} would go now, {len(expected):,} were shown"
        raise CascadeChanged(f"The tree changed: {now}. Look again.")


def _why(doomed: Sequence[Doomed], *, reason: str, causes: Mapping[UUID, str]) -> Reasons:
    rules = (causes.get(row.id) or ("" if row.root else DESCENDANT) for row in doomed)
    return Reasons((row.id for row in doomed), (_because(rule, reason) for rule in rules))


def _because(cause: str, reason: str) -> str:
    """The rule that takes a workspace, then what the caller said."""
    return ": ".join(part for part in (cause, reason) if part) or "deleted"


def _mark_removed(ids: Collection[UUID], *, now: datetime) -> None:
    """The race guard first: from this UPDATE on no heartbeat brings a row back. Then what the rows held."""
    Workspace.objects.filter(id__one_of=ids).update(status=Status.REMOVED, removed_at=now, updated_at=now)
    WorkspaceToken.objects.filter(workspace__one_of=ids, revoked_at=None).update(revoked_at=now)
    Schedule.objects.filter(workspace__one_of=ids, enabled=True).update(enabled=False, updated_at=now)


def _tell_released(ids: Collection[UUID], **facts: Any) -> None:
    """Those that have no container are released at once; the others are once theirs is gone."""
    tell_each("released", Reasons(ids, "no container to release"), containerless=True, **facts)
