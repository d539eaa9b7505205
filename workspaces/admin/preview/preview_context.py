"""The context of the preview page: both plans as a table and as cards, and the obstacles to applying one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.safestring import SafeString

from lib.text import plural
from workspaces.admin.preview import plan_text
from workspaces.admin.preview.plan_query import PlanQuery
from workspaces.admin.preview.plan_table import PlanTable, collateral_links, names_a_live_one, plan_table
from workspaces.admin.shared.badges import coded
from workspaces.core.planning.plan_values import Plan
from workspaces.core.validating.notices import brief
from workspaces.models import ImportRun, Organization
from workspaces.services.imports.previews import Change, Preview, changes_since
from workspaces.services.removal.confirmation import Demand, demand_of
from workspaces.services.removal.footprint import Holdings, Total, holdings, total

MOST_CHANGES = 20
MOST_LINKS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewView:
    """The context of preview.html, read and worded: the template starts no query."""

    short_id: str
    template: str
    declared: str
    merge: Plan
    reconcile: Plan
    applied: ImportRun | None  # the run that applied it

    # obstacles: changes since, another import of the organization that has not ended
    out_of_date: bool
    changes: tuple[Change, ...]
    running: ImportRun | None
    warnings: tuple[SafeString, ...]
    warnings_open: bool

    # the plans
    nothing_to_do: str
    merge_card: plan_text.Card
    reconcile_card: plan_text.Card
    table: PlanTable
    first_collateral: list[tuple[str, str]]

    # the dock
    demand: Demand
    merge_text: str
    reconcile_text: str
    merge_button: str
    reconcile_button: str
    removed_kinds: str
    total: Total

    @property
    def applied_id(self) -> str:
        return str(self.applied.pk)[:8] if self.applied else ""

    @property
    def locked(self) -> bool:
        return self.out_of_date or self.running is not None

    @property
    def same_plan(self) -> bool:
        """In an organization without workspaces both modes do the same."""
        return not self.merge.live_before

    @property
    def first_changes(self) -> tuple[Change, ...]:
        return self.changes[:MOST_CHANGES]

    @property
    def more_changes(self) -> int:
        return max(0, len(self.changes) - MOST_CHANGES)

    @property
    def more_collateral(self) -> int:
        return max(0, len(self.reconcile.collateral) - MOST_LINKS)


def preview_view(preview: Preview, query: PlanQuery) -> PreviewView:
    merge, reconcile, lost = preview.merge, preview.reconcile, _lost(preview)
    table = plan_table(merge, reconcile, holdings=lost, query=query)
    return PreviewView(
        short_id=str(preview.record.pk)[:8],
        template=preview.template.name,
        declared=plural(preview.template.count(), "workspace"),
        merge=merge,
        reconcile=reconcile,
        applied=preview.applied_by,
        out_of_date=preview.is_out_of_date,
        changes=changes_since(preview) if preview.is_out_of_date else (),
        running=None if preview.applied_by else _running_in(preview.record.organization),
        warnings=tuple(coded(brief(warning)) for warning in reconcile.warnings),
        # unfolded where one of them concerns a live workspace
        warnings_open=names_a_live_one(reconcile) or len(reconcile.warnings) > len(merge.warnings),
        nothing_to_do=plan_text.nothing_at_all(merge, reconcile),
        merge_card=plan_text.merge_card(merge),
        reconcile_card=plan_text.reconcile_card(reconcile),
        table=table,
        first_collateral=collateral_links(reconcile, table, most=MOST_LINKS),
        demand=demand_of(reconcile),
        merge_text=plan_text.merge_text(merge),
        reconcile_text=plan_text.reconcile_text(reconcile),
        merge_button=plan_text.button(merge),
        reconcile_button=plan_text.button(reconcile),
        removed_kinds=plan_text.removed_kinds(reconcile),
        total=total(lost.values()),
    )


def further_rows(preview: Preview, query: PlanQuery) -> PlanTable:
    """A page of the table, to append to the one before it."""
    return plan_table(preview.merge, preview.reconcile, holdings=_lost(preview), query=query, goes_on=True)


def _running_in(organization: Organization) -> ImportRun | None:
    return ImportRun.objects.filter(organization=organization, state=ImportRun.State.RUNNING).first()


def _lost(preview: Preview) -> Mapping[UUID, Holdings]:
    return holdings([row.live.id for row in preview.reconcile.removals if row.live])
