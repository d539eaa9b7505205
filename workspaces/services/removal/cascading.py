"""`cascade_delete`: remove chosen workspaces with everything live below them, for REST, admin and command line.

Reconcile removes by its own plan; one executor carries out both, with one teardown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from lib.database_clock import database_now
from lib.text import plural
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.plan_values import Live, Plan
from workspaces.core.planning.removal_plan import plan_removal
from workspaces.errors import CascadeChanged
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.containers.purging import StoredData, purge_now
from workspaces.services.plans.execution import PreparedPlan, execute
from workspaces.services.plans.runs import record_removal
from workspaces.services.verdicts import require


class Doomed(NamedTuple):
    """A workspace that a cascade takes: a selected one (`root`) or one below it."""

    id: UUID
    parent_id: UUID | None
    name: str
    organization: str
    protected: bool
    root: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Cascade:
    """The workspaces that would go, and a plan for each organization concerned."""

    doomed: tuple[Doomed, ...]
    plans: Mapping[str, Plan]

    @property
    def ids(self) -> set[int]:
        return {row.id.int for row in self.doomed}


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """The removed workspaces, and the run of each organization concerned."""

    doomed: tuple[Doomed, ...]
    runs: tuple[ImportRun, ...]


def preview_cascade(roots: Collection[UUID]) -> tuple[Doomed, ...]:
    """The workspaces in a cascade delete of `roots`, each once, by organization and age. Changes nothing."""
    chosen = set(roots)
    return tuple(Doomed._make((*row, row[0] in chosen)) for row in Workspace.objects.live_subtree(roots))


def cascade_delete(
    roots: Collection[UUID],
    *,
    actor: Actor,
    reason: str = "",
    data: DataPolicy = DataPolicy.WAIT,
    expected: Collection[UUID] | None = None,
) -> Removal:
    """Remove the live ones of `roots` with everything live below them, in one transaction; return all removed.

    Removed rows are skipped, so deleting twice is harmless. `reason` is the caller's and goes into every history row.
    `data` decides about the volumes. `expected` are the ids that a person has confirmed. Raises WorkspaceProtected, or
    CascadeChanged if other ids than expected would go, and then changes nothing.
    """
    with transaction.atomic():
        Organization.objects.lock(
            Workspace.objects.filter(id__one_of=roots).order_by().values("organization").distinct()
        )
        cascade = plan_cascade(roots)
        if expected is not None and cascade.ids != {key.int for key in expected}:
            now, shown = plural(len(cascade.doomed), "workspace"), f"{len(expected):,}"
            raise CascadeChanged(f"The tree changed: {now} would go now, {shown} were shown. Look again.")
        return remove(cascade, actor=actor, reason=reason, data=data)


def plan_cascade(roots: Collection[UUID]) -> Cascade:
    """Plan a cascade delete of `roots` as of now: judged, not yet done. Raises WorkspaceProtected."""
    doomed = preview_cascade(roots)
    standing = {row.id for row in doomed}
    topmost = [row.id for row in doomed if row.parent_id not in standing]
    above = Workspace.objects.names_above(topmost) if topmost else {}
    chosen = {row.id for row in doomed if row.root}
    plans = {}
    for slug, rows in groupby(doomed, key=attrgetter("organization")):
        have = [Live(row.id, row.parent_id, row.name, row.protected) for row in rows]
        plans[slug] = plan = plan_removal(have=have, chosen=chosen, above=above)
        require(plan, confirmed=None)
    return Cascade(doomed=doomed, plans=plans)


def remove(cascade: Cascade, *, actor: Actor, reason: str, data: DataPolicy) -> Removal:
    """Carry it out under the lock of the organizations: a run for each of them."""
    runs, now = [], database_now()
    for organization in Organization.objects.filter(slug__in=cascade.plans):
        plan = cascade.plans[organization.slug]
        live = Workspace.objects.live().filter(organization=organization).count()
        run = record_removal(organization, plan, live=live, actor=actor, reason=reason, now=now)
        execute(PreparedPlan.of(plan, reason=reason), run=run, actor=actor, now=now, data=data)
        runs.append(run)
    return Removal(doomed=cascade.doomed, runs=tuple(runs))


# ---- Deletion of one workspace; one with children needs a confirmation.


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """Removed workspaces, or, unless `done`, those to remove. `purged`: the data of one that was removed already."""

    workspace: Workspace
    doomed: tuple[Doomed, ...]
    done: bool
    run: ImportRun | None = None  # None if nothing was removed
    purged: StoredData | None = None

    @property
    def descendants_count(self) -> int:
        """Workspaces below the deleted one; 0 when it was removed already."""
        return sum(1 for row in self.doomed if not row.root)

    @property
    def children(self) -> tuple[Doomed, ...]:
        """Its direct children, by name."""
        below = [row for row in self.doomed if row.parent_id == self.workspace.pk]
        return tuple(sorted(below, key=lambda row: (row.name, row.id)))


def delete_workspace(
    workspace: Workspace, *, confirmed: bool, actor: Actor, reason: str = "", data: DataPolicy = DataPolicy.WAIT
) -> Deletion:
    """Remove the workspace with everything live below it, unless it has live children and is not confirmed.

    The children are counted under the organization's lock: none can appear between the count and the removal. A removed
    workspace stays as it is; to erase it destroys the data that is stored of it. Raises WorkspaceProtected.
    """
    with transaction.atomic():
        Organization.objects.lock([workspace.organization_id])
        cascade = plan_cascade([workspace.pk])
        if len(cascade.doomed) > 1 and not confirmed:
            return Deletion(workspace=workspace, doomed=cascade.doomed, done=False)
        removal = remove(cascade, actor=actor, reason=reason, data=data)
        erases = data is DataPolicy.ERASE and not removal.doomed
        purged = purge_now([workspace.pk], actor=actor, reason=reason) if erases else ()
    run = removal.runs[0] if removal.runs else None
    return Deletion(workspace=workspace, doomed=removal.doomed, done=True, run=run, purged=next(iter(purged), None))
