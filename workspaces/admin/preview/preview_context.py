"""The context of the preview page: both plans as a table and as cards, in words, and the obstacles to applying one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from django.http import QueryDict
from django.utils.safestring import SafeString

from lib.text import plural
from workspaces.admin.plan.plan_counts import Card, OptionBox
from workspaces.admin.plan.plan_lines import PlanLines, plan_lines
from workspaces.admin.plan.plan_query import PlanQuery
from workspaces.admin.plan.plan_row import LinesHere, PlanRow, key
from workspaces.admin.plan.plan_table import PlanTable, plan_table
from workspaces.admin.plan.verdict_lines import judged, rulings
from workspaces.admin.preview import plan_sentences as words
from workspaces.admin.preview.field_table import is_met_first
from workspaces.admin.preview.option_boxes import merge_boxes, reconcile_boxes
from workspaces.admin.preview.plan_filters import preview_query
from workspaces.admin.preview.plan_options import Chosen
from workspaces.admin.preview.plan_wording import Wording
from workspaces.admin.run.run_words import running_in
from workspaces.admin.shared.badges import coded
from workspaces.admin.shared.paths import path_html
from workspaces.core.planning.plan_values import Action, Mode, Plan
from workspaces.core.planning.policy import Ruling
from workspaces.core.validating.validation_context import brief
from workspaces.models import ImportRun
from workspaces.services.imports.accident import Accident, accident_of
from workspaces.services.imports.previews import Change, Preview, changes_since
from workspaces.services.removal.footprint import Holdings, Total, holdings, total
from workspaces.services.verdicts import Demand, demand_of

MOST_CHANGES = 20
MOST_LINKS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class ModeContext:
    """One of the two plans: its card, and the signs, the sentence and the button that apply it; what has to be
    confirmed, by which rules."""

    card: Card
    signs: str
    text: str
    button: str
    changes_nothing: bool
    demand: Demand
    judged: str
    rules: tuple[Ruling, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewContext:
    """The context of preview.html, read and worded: the template starts no query and decides nothing."""

    short_id: str
    template: str
    declared: str
    compared_with: str
    applied: ImportRun | None  # the run that applied it
    applied_id: str

    # obstacles: changes since, another import of the organization that has not ended, a choice that is not made
    out_of_date: bool
    changed_count: int
    changes: tuple[Change, ...]  # the first of them
    more_changes: int
    running: ImportRun | None
    locked: bool
    undecided: bool
    warnings: tuple[SafeString, ...]
    warnings_open: bool

    # the plans
    meets_first: bool
    calm: tuple[str, str]  # nothing to do: the lead, and why
    same_plan: bool  # in an organization without workspaces both modes do the same
    accident: Accident | None
    chosen: Chosen
    options: tuple[tuple[str, str], ...]  # hidden fields of the forms that apply
    merge: ModeContext
    reconcile: ModeContext
    removed_kinds: str
    table: PlanTable
    collateral: list[tuple[str, SafeString]]  # address and path of the first of them
    more_collateral: int
    all_collateral: str

    # what reconcile destroys, and what has to be confirmed
    demand: Demand
    total: Total
    open: str  # the mode whose form is unfolded


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The two plans that a page shows, by its options; `accident` if names are live twice."""

    preview: Preview
    chosen: Chosen
    accident: Accident | None

    @classmethod
    def of(cls, preview: Preview, chosen: Chosen) -> Shown:
        """The side that loses no data stays if nobody chose which of two does."""
        accident = accident_of(preview, chosen.reconcile)
        if accident and accident.safe and not chosen.prefers and chosen.reconcile.moves:
            chosen = chosen.preferring(accident.safe)
        return cls(preview=preview, chosen=chosen, accident=accident)

    @property
    def merge(self) -> Plan:
        return self.preview.plan(Mode.MERGE, self.chosen.merge)

    @property
    def reconcile(self) -> Plan:
        return self.preview.plan(Mode.RECONCILE, self.chosen.reconcile)

    @property
    def undecided(self) -> bool:
        return self.accident is not None and not self.chosen.prefers

    def lost(self) -> Mapping[UUID, Holdings]:
        return holdings([row.live.id for row in self.reconcile.removals if row.live])

    def table(self, query: PlanQuery, *, lost: Mapping[UUID, Holdings], lines: PlanLines, goes_on: bool) -> PlanTable:
        def words_of(page: LinesHere) -> Iterator[PlanRow]:
            retires = self.chosen.reconcile.retire
            return Wording.of(page, contents=self.preview.contents, holdings=lost, retires=retires).rows()

        return plan_table(lines, query=query, words=words_of, goes_on=goes_on)

    @property
    def meets_first(self) -> bool:
        """Whether fields count as conflicts only because no template has declared them before."""
        contents = self.preview.contents
        return any(
            is_met_first(change, contents[row.live.id])
            for row in self.reconcile.rows
            if row.diff and row.live and not row.diff.foreign
            for change in row.diff.conflicts
        )


def preview_context(preview: Preview, query: QueryDict, chosen: Chosen, *, opened: str = "") -> PreviewContext:
    """`opened` is the mode that was just tried."""
    shown = Shown.of(preview, chosen)
    merge, reconcile, lost = shown.merge, shown.reconcile, shown.lost()
    rows, lines = preview_query(query, shown.chosen), plan_lines(reconcile, merge=merge)
    table = shown.table(rows, lost=lost, lines=lines, goes_on=False)
    applied, out_of_date, demand = preview.applied_by, preview.is_out_of_date, demand_of(reconcile)
    changes = changes_since(preview) if out_of_date else ()
    running = None if applied else running_in(preview.record.organization)
    before, sum_of_lost = merge.live_before, total(lost.values())
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
        undecided=shown.undecided,
        warnings=tuple(coded(brief(warning)) for warning in reconcile.warnings),
        # unfolded where one of them concerns a live workspace
        warnings_open=words.names_a_live_one(reconcile) or len(reconcile.warnings) > len(merge.warnings),
        meets_first=shown.meets_first,
        calm=words.nothing_at_all(merge, reconcile),
        same_plan=not before,
        accident=shown.accident,
        chosen=shown.chosen,
        options=tuple(shown.chosen.state.items()),
        merge=_merge(shown),
        reconcile=_reconcile(shown, sum_of_lost),
        removed_kinds=words.removed_kinds(reconcile) if demand.removals else "",
        table=table,
        collateral=_collateral(lines, table, rows),
        more_collateral=max(0, demand.collateral - MOST_LINKS),
        all_collateral=rows.plain.but(show="collateral"),
        demand=demand,
        total=sum_of_lost,
        open=opened or _only_one(shown),
    )


def further_rows(preview: Preview, query: QueryDict, chosen: Chosen) -> PlanTable:
    """A page of the table, to append to the one before it."""
    shown = Shown.of(preview, chosen)
    lines, rows = plan_lines(shown.reconcile, merge=shown.merge), preview_query(query, shown.chosen)
    return shown.table(rows, lost=shown.lost(), lines=lines, goes_on=True)


def _collateral(lines: PlanLines, table: PlanTable, query: PlanQuery) -> list[tuple[str, SafeString]]:
    """Address and path of the first collateral lines."""
    here = {row.key for row in table.rows}
    rows = ((lines.of_row[index], row) for index, row in enumerate(lines.plan.rows))
    found = ((number, row) for number, row in rows if row.action is Action.COLLATERAL)
    return [
        (
            f"#{key(number)}" if key(number) in here else f"{query.plain.but(row=number)}#{key(number)}",
            path_html(row.trail),
        )
        for number, row in islice(found, MOST_LINKS)
    ]


# ---- The dock.


def _only_one(shown: Shown) -> str:
    """The mode of the only plan that can be applied; "" if both can, or none."""
    able = [plan.mode for plan in (shown.merge, shown.reconcile) if not plan.changes_nothing]
    if not shown.merge.live_before:
        return Mode.MERGE
    return able[0] if len(able) == 1 and not (able[0] is Mode.RECONCILE and shown.undecided) else ""


# ---- The cards.


def _merge(shown: Shown) -> ModeContext:
    plan = shown.merge
    rest = " ".join(filter(None, (words.left_by_merge(plan, shown.reconcile), words.left_by(plan))))
    card = _card(plan, words.deeds(plan), rest, merge_boxes(shown.preview, shown.chosen))
    left = words.leftovers(plan.left_running) if plan.left_running else ""
    if plan.changes_nothing:
        text = f"{words.nothing(plan)}{f' {left} would stay live.' if left else ''}"
    else:
        stays = f" {left} stay{'s' if len(plan.left_running) == 1 else ''} live." if left else ""
        text = f"{words.deeds(plan)}{stays}"
    return _mode(plan, card, text)


def _reconcile(shown: Shown, lost: Total) -> ModeContext:
    plan = shown.reconcile
    rest = " ".join(filter(None, (words.what_goes(plan), words.left_by(plan))))
    card = _card(plan, words.deeds(plan, total=lost), rest, reconcile_boxes(shown.preview, shown.chosen))
    return _mode(plan, card, words.nothing(plan) if plan.changes_nothing else words.deeds(plan))


def _mode(plan: Plan, card: Card, text: str) -> ModeContext:
    demand = demand_of(plan)
    return ModeContext(
        card=card,
        signs=words.signs_of(plan),
        text=text,
        button=words.button(plan),
        changes_nothing=plan.changes_nothing,
        demand=demand,
        judged=judged(demand),
        rules=tuple(rulings(demand, plan)),
    )


def _card(plan: Plan, verdict: str, rest: str, boxes: tuple[OptionBox, ...]) -> Card:
    return Card(
        tiles=words.tiles_of(plan),
        before=plan.live_before,
        after=plan.live_after,
        verdict=verdict,
        rest=rest,
        boxes=boxes,
    )
