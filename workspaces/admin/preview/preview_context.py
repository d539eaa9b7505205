"""The context of the preview page: both plans as a table and as cards, in words, and the obstacles to applying one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict
from django.utils.safestring import SafeString

from lib.text import listed, plural
from workspaces.admin.preview.plan_table import PlanQuery, PlanTable, collateral_links, plan_table
from workspaces.admin.shared.badges import coded
from workspaces.core.plan_words import WORDS
from workspaces.core.planning.plan_values import Action, Plan, Reason, Row
from workspaces.core.validating.validation_context import brief
from workspaces.models import ImportRun, Organization
from workspaces.services.imports.previews import Change, Preview, changes_since
from workspaces.services.removal.footprint import Holdings, Total, holdings, total
from workspaces.services.verdicts import Demand, demand_of

MOST_CHANGES = 20
MOST_LINKS = 10


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


@dataclass(frozen=True, kw_only=True, slots=True)
class ModeContext:
    """One of the two plans: its card, and the sentence and the button that apply it."""

    card: Card
    text: str
    button: str
    changes_nothing: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewContext:
    """The context of preview.html, read and worded: the template starts no query and decides nothing."""

    short_id: str
    template: str
    declared: str
    compared_with: str
    applied: ImportRun | None  # the run that applied it
    applied_id: str

    # obstacles: changes since, another import of the organization that has not ended
    out_of_date: bool
    changed_count: int
    changes: tuple[Change, ...]  # the first of them
    more_changes: int
    running: ImportRun | None
    locked: bool
    warnings: tuple[SafeString, ...]
    warnings_open: bool

    # the plans
    nothing_to_do: str
    same_plan: bool  # in an organization without workspaces both modes do the same
    merge: ModeContext
    reconcile: ModeContext
    removed_kinds: str
    some_held: bool
    table: PlanTable
    collateral: list[tuple[str, str]]  # address and path of the first of them
    more_collateral: int

    # what reconcile destroys, and what has to be confirmed
    demand: Demand
    total: Total


def preview_context(preview: Preview, query: QueryDict) -> PreviewContext:
    merge, reconcile, lost = preview.merge, preview.reconcile, _lost(preview)
    table = plan_table(merge, reconcile, holdings=lost, query=PlanQuery.of(query))
    applied, out_of_date, demand = preview.applied_by, preview.is_out_of_date, demand_of(reconcile)
    changes = changes_since(preview) if out_of_date else ()
    running = None if applied else _running_in(preview.record.organization)
    before = merge.live_before
    return PreviewContext(
        short_id=str(preview.record.pk)[:8],
        template=preview.template.name,
        declared=plural(preview.template.count(), "workspace"),
        compared_with=f"all {plural(before, 'live workspace')}" if before else "no live workspace",
        applied=applied,
        applied_id=str(applied.pk)[:8] if applied else "",
        out_of_date=out_of_date,
        changed_count=len(changes),
        changes=changes[:MOST_CHANGES],
        more_changes=max(0, len(changes) - MOST_CHANGES),
        running=running,
        locked=out_of_date or running is not None,
        warnings=tuple(coded(brief(warning)) for warning in reconcile.warnings),
        # unfolded where one of them concerns a live workspace
        warnings_open=names_a_live_one(reconcile) or len(reconcile.warnings) > len(merge.warnings),
        nothing_to_do=nothing_at_all(merge, reconcile),
        same_plan=not before,
        merge=_mode(merge, merge_card(merge), merge_text(merge)),
        reconcile=_mode(reconcile, reconcile_card(reconcile), reconcile_text(reconcile)),
        removed_kinds=removed_kinds(reconcile) if demand.removals else "",
        some_held=bool(reconcile.held),
        table=table,
        collateral=collateral_links(reconcile, table, most=MOST_LINKS),
        more_collateral=max(0, demand.collateral - MOST_LINKS),
        demand=demand,
        total=total(lost.values()),
    )


def further_rows(preview: Preview, query: QueryDict) -> PlanTable:
    """A page of the table, to append to the one before it."""
    rows = PlanQuery.of(query)
    return plan_table(preview.merge, preview.reconcile, holdings=_lost(preview), query=rows, goes_on=True)


def _running_in(organization: Organization) -> ImportRun | None:
    return ImportRun.objects.filter(organization=organization, state=ImportRun.State.RUNNING).first()


def _lost(preview: Preview) -> Mapping[UUID, Holdings]:
    return holdings([row.live.id for row in preview.reconcile.removals if row.live])


def _mode(plan: Plan, card: Card, text: str) -> ModeContext:
    return ModeContext(card=card, text=text, button=button(plan), changes_nothing=plan.changes_nothing)


# ---- The plans in words.


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


def names_a_live_one(plan: Plan) -> bool:
    """Whether a warning concerns a live workspace that the template names only under `spawning: false`."""
    return any(row.reason is Reason.NOT_SPAWNING for row in plan.rows)


def leftovers(rows: Sequence[Row]) -> str:
    """`8 duplicates`, or `8 leftovers` where one of them has no twin in the template."""
    return plural(len(rows), "duplicate" if all(row.twin for row in rows) else "leftover")


def subtrees(plan: Plan) -> str:
    """`1 subtree: PM › Infra Lead`"""
    return f"{plural(len(plan.removal_roots), 'subtree')}: {listed([row.path for row in plan.removal_roots], most=3)}"
