"""What the preview page shows: both plans as a table and as cards, and what stands in the way of applying one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.utils.safestring import SafeString

from lib.text import plural
from workspaces.admin.preview import plan_text
from workspaces.admin.preview.plan_query import FIRST_PAGE, PlanQuery
from workspaces.admin.preview.plan_table import PlanTable, collateral_links, names_a_live_one, plan_table
from workspaces.admin.run.run_context import RunView
from workspaces.admin.shared.badges import coded
from workspaces.core.validating.notices import brief
from workspaces.models import ImportRun
from workspaces.services.imports.previews import Change, Preview, changes_since
from workspaces.services.removal.confirmation import Demand, demand_of
from workspaces.services.removal.footprint import Holdings, Total, holdings, total

MOST_CHANGES = 20
MOST_LINKS = 10


@dataclass(frozen=True, kw_only=True)
class PreviewView:
    """All that preview.html asks for."""

    preview: Preview
    query: PlanQuery = FIRST_PAGE
    goes_on: bool = False

    @property
    def short_id(self) -> str:
        return str(self.preview.record.pk)[:8]

    @property
    def declared(self) -> str:
        return plural(self.preview.template.count(), "workspace")

    # ---- what became of it

    @property
    def applied(self) -> RunView | None:
        """The run that applied it."""
        run = self.preview.applied_by
        return RunView(run=run) if run else None

    # ---- what stands in the way

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        return changes_since(self.preview) if self.preview.is_out_of_date else ()

    @property
    def first_changes(self) -> tuple[Change, ...]:
        return self.changes[:MOST_CHANGES]

    @property
    def more_changes(self) -> int:
        return max(0, len(self.changes) - MOST_CHANGES)

    @cached_property
    def running(self) -> ImportRun | None:
        """Another import of the organization that has not ended yet; nobody waits for it where this one is applied."""
        if self.preview.applied_by:
            return None
        runs = ImportRun.objects.filter(organization=self.preview.record.organization_id)
        return runs.filter(state=ImportRun.State.RUNNING).first()

    @property
    def locked(self) -> bool:
        return self.preview.is_out_of_date or self.running is not None

    @property
    def warnings(self) -> list[SafeString]:
        return [coded(brief(warning)) for warning in self.preview.reconcile.warnings]

    @property
    def warnings_open(self) -> bool:
        """Unfolded where one of them concerns a live workspace."""
        return names_a_live_one(self.preview.reconcile) or len(self.warnings) > len(self.preview.merge.warnings)

    # ---- the plans

    @property
    def same_plan(self) -> bool:
        """In an organization without workspaces both modes do the same."""
        return not self.preview.merge.live_before

    @property
    def nothing_to_do(self) -> str:
        return plan_text.nothing_at_all(self.preview.merge, self.preview.reconcile)

    @property
    def merge_card(self) -> plan_text.Card:
        return plan_text.merge_card(self.preview.merge)

    @property
    def reconcile_card(self) -> plan_text.Card:
        return plan_text.reconcile_card(self.preview.reconcile)

    @cached_property
    def table(self) -> PlanTable:
        merge, reconcile = self.preview.merge, self.preview.reconcile
        return plan_table(merge, reconcile, holdings=self._holdings, query=self.query, goes_on=self.goes_on)

    @property
    def first_collateral(self) -> list[tuple[str, str]]:
        return collateral_links(self.preview.reconcile, self.table, most=MOST_LINKS)

    @property
    def more_collateral(self) -> int:
        return max(0, len(self.preview.reconcile.collateral) - MOST_LINKS)

    # ---- the dock

    @property
    def demand(self) -> Demand:
        return demand_of(self.preview.reconcile)

    @property
    def merge_text(self) -> str:
        return plan_text.merge_text(self.preview.merge)

    @property
    def reconcile_text(self) -> str:
        return plan_text.reconcile_text(self.preview.reconcile)

    @property
    def merge_button(self) -> str:
        return plan_text.button(self.preview.merge)

    @property
    def reconcile_button(self) -> str:
        return plan_text.button(self.preview.reconcile)

    @property
    def removed_kinds(self) -> str:
        return plan_text.removed_kinds(self.preview.reconcile)

    @cached_property
    def held(self) -> Total:
        """What goes with the removed ones."""
        return total(self._holdings.values())

    @cached_property
    def _holdings(self) -> Mapping[UUID, Holdings]:
        return holdings([row.live.id for row in self.preview.reconcile.removals if row.live])
