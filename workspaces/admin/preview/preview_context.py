"""The context of the preview page: both plans as a table and as cards, in words, and the obstacles to applying one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.safestring import SafeString

from lib.text import plural
from workspaces.admin.preview.plan_query import PlanQuery
from workspaces.admin.preview.plan_table import (
    PlanTable,
    collateral_links,
    leftovers,
    names_a_live_one,
    plan_table,
    subtrees,
)
from workspaces.admin.shared.badges import coded
from workspaces.core.plan_words import WORDS
from workspaces.core.planning.plan_values import Action, Plan, Row
from workspaces.core.validating.validation_context import brief
from workspaces.models import ImportRun, Organization
from workspaces.services.imports.previews import Change, Preview, changes_since
from workspaces.services.removal.footprint import Holdings, Total, holdings, total
from workspaces.services.verdicts import Demand, demand_of

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
    merge_card: Card
    reconcile_card: Card
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
        nothing_to_do=nothing_at_all(merge, reconcile),
        merge_card=merge_card(merge),
        reconcile_card=reconcile_card(reconcile),
        table=table,
        first_collateral=collateral_links(reconcile, table, most=MOST_LINKS),
        demand=demand_of(reconcile),
        merge_text=merge_text(merge),
        reconcile_text=reconcile_text(reconcile),
        merge_button=button(merge),
        reconcile_button=button(reconcile),
        removed_kinds=removed_kinds(reconcile),
        total=total(lost.values()),
    )


def further_rows(preview: Preview, query: PlanQuery) -> PlanTable:
    """A page of the table, to append to the one before it."""
    return plan_table(preview.merge, preview.reconcile, holdings=_lost(preview), query=query, goes_on=True)


def _running_in(organization: Organization) -> ImportRun | None:
    return ImportRun.objects.filter(organization=organization, state=ImportRun.State.RUNNING).first()


def _lost(preview: Preview) -> Mapping[UUID, Holdings]:
    return holdings([row.live.id for row in preview.reconcile.removals if row.live])


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTile:
    """One count of a card; `tone` is its class in the stylesheet."""

    tone: str
    label: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One mode in numbers and one sentence: `verdict` in bold, `left` as an amber note, then `rest`."""

    tiles: tuple[PlanTile, ...]
    before: int
    after: int
    verdict: str
    left: str = ""
    rest: str = ""


def merge_card(plan: Plan) -> Card:
    left, untouched = plan.left_running, plan.untouched_count
    return Card(
        tiles=_tiles(plan),
        before=plan.live_before,
        after=plan.live_after,
        verdict="Changes nothing." if plan.changes_nothing else f"Creates {plan.created_count:,}, removes nothing.",
        left=f"{leftovers(left)} left running" if left else "",
        rest=f"{untouched:,} untouched." if untouched else "",
    )


def reconcile_card(plan: Plan) -> Card:
    verdict, rest = _verdict(plan)
    kept = f" Keeps {plural(len(plan.held), 'workspace')}: protected, or above a protected one." if plan.held else ""
    return Card(
        tiles=_tiles(plan),
        before=plan.live_before,
        after=plan.live_after,
        verdict=verdict,
        rest=f"{rest}{kept}".strip(),
    )


def merge_text(plan: Plan) -> str:
    """The dock's sentence beside the merge button."""
    left = leftovers(plan.left_running) if plan.left_running else ""
    if plan.changes_nothing:
        return f"{nothing(plan)}{f' {left} would stay live.' if left else ''}"
    stays = f"; {left} stay{'s' if len(plan.left_running) == 1 else ''} live" if left else ""
    return f"Creates {plural(plan.created_count, 'workspace')}. Removes nothing{stays}."


def reconcile_text(plan: Plan) -> str:
    """The dock's sentence beside the reconcile button; if something goes, its number follows the sentence."""
    if plan.changes_nothing:
        return nothing(plan)
    if not plan.removals:
        return f"Creates {plan.created_count:,}, removes nothing."
    return f"Creates {plan.created_count:,}, then removes" if plan.created_count else "Removes"


def nothing(plan: Plan) -> str:
    """Why the plan changes nothing."""
    if not plan.result:
        return "Nothing to do: the template lets no workspace run."
    kept = " What else it names is protected, or above a protected one." if plan.held else ""
    return (
        f"Nothing to do: {_all_exist(plan)} where the template puts {'it' if len(plan.result) == 1 else 'them'}.{kept}"
    )


def nothing_at_all(merge: Plan, reconcile: Plan) -> str:
    """The sentence for a tree that equals its template; "" for any other."""
    differs = not reconcile.changes_nothing or merge.left_running or not merge.result
    return "" if differs else f"{_all_exist(merge).capitalize()}, and no other live workspace uses their names."


def removed_kinds(plan: Plan) -> str:
    """`8 duplicates + 2 collateral`"""
    collateral = f" + {len(plan.collateral):,} collateral" if plan.collateral else ", no collateral"
    return leftovers(_named(plan)) + collateral


def button(plan: Plan) -> str:
    """The button's text: always the action, with numbers."""
    creates, removes = plan.created_count, len(plan.removals)
    if creates and removes:
        return f"Create {creates:,}, remove {removes:,}"
    if removes:
        return f"Remove {plural(removes, 'workspace')}"
    return f"{plan.mode.capitalize()}: create {creates:,}" if creates else f"Apply {plan.mode}"


def _verdict(plan: Plan) -> tuple[str, str]:
    if plan.changes_nothing:
        return "Changes nothing.", ""
    if not plan.removals:
        return f"Creates {plan.created_count:,}, removes nothing.", ""
    first, then = (f"Creates {plan.created_count:,}, removes" if plan.created_count else "Removes"), subtrees(plan)
    if not plan.collateral:
        return f"{first} {leftovers(_named(plan))}", f"in {then}. No collateral."
    both = f"{leftovers(_named(plan))} and {len(plan.collateral):,} the template does not name"
    return f"{first} {len(plan.removals):,}:", f"{both}, in {then}."


def _named(plan: Plan) -> list[Row]:
    return [row for row in plan.removals if row.action is Action.REMOVE]


def _all_exist(plan: Plan) -> str:
    count = len(plan.result)
    return "the one template workspace exists" if count == 1 else f"all {count:,} template workspaces exist"


def _tiles(plan: Plan) -> tuple[PlanTile, ...]:
    numbers = {
        Action.CREATE: plan.created_count,
        Action.KEEP: plan.skipped_count,
        Action.REMOVE: len(_named(plan)),
        Action.COLLATERAL: len(plan.collateral),
    }
    words = ((WORDS[action], number) for action, number in numbers.items())
    return tuple(PlanTile(tone=word.tone, label=f"{word.sign} {word.word}", number=number) for word, number in words)
