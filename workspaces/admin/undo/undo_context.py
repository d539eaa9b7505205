"""The context of the pages of an undo and of a restore: the plan as a table and as a card, in words, and the obstacles
to applying it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import QueryDict
from django.utils.safestring import SafeString

from lib.database_clock import database_now
from lib.text import listed, plural
from workspaces import access
from workspaces.access import Right
from workspaces.admin.plan.plan_counts import Card
from workspaces.admin.plan.plan_lines import PlanLines, plan_lines
from workspaces.admin.plan.plan_query import PlanQuery
from workspaces.admin.plan.plan_row import LinesHere, PlanRow, key
from workspaces.admin.plan.plan_table import PlanTable, plan_table
from workspaces.admin.plan.verdict_lines import judged, rulings
from workspaces.admin.run.run_words import heading_of, running_in
from workspaces.admin.shared.paths import path_html
from workspaces.admin.undo import undo_sentences as words
from workspaces.admin.undo.taking_back import TakingBack
from workspaces.admin.undo.undo_filters import undo_query
from workspaces.admin.undo.undo_wording import UndoWording
from workspaces.core.planning.plan_values import Action, Plan, Row
from workspaces.core.planning.policy import Ruling
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.removal.footprint import Holdings, Total, holdings, total
from workspaces.services.removal.left_data import LeftData, left_data
from workspaces.services.undo.since import SinceChange, changes_after
from workspaces.services.verdicts import Demand, demand_of

if TYPE_CHECKING:
    from workspaces.access import AnyUser

COLUMNS = 3
MOST_NAMED = 3
MOST_STUCK = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class StuckRow:
    """One that cannot be taken back: the address of its line, its path, and why."""

    url: str
    path: SafeString
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoContext:
    """The context of undo.html, read and worded: the template starts no query and decides nothing."""

    run: ImportRun | None  # to undo; None: chosen workspaces are restored
    organization: Organization
    what: str  # `reconcile dev.yaml into`, or the names to restore
    live_chosen: int  # chosen ones that are not removed
    seen_at: datetime
    compared_with: str

    # obstacles: nothing to take back, changes since the plan was looked at, a run that has not ended
    nothing: str
    undone_by: ImportRun | None
    out_of_date: bool
    changes: tuple[SinceChange, ...]
    running: ImportRun | None
    locked: bool
    may: bool
    who_may: str

    # the plan
    share: str
    stuck: tuple[StuckRow, ...]
    more_stuck: int
    until: datetime | None  # when the first data of what comes back is destroyed
    engine: bool
    card: Card
    table: PlanTable
    goes: str  # above the column: what it removes

    # applying it
    fingerprint: str
    demand: Demand
    total: Total
    signs: str
    judged: str
    rules: tuple[Ruling, ...]
    button: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownUndo:
    """The plan that a page shows, with the data that goes and comes with it."""

    taking: TakingBack
    plan: Plan
    lost: Mapping[UUID, Holdings]
    left: Mapping[UUID, LeftData]

    @classmethod
    def of(cls, taking: TakingBack, plan: Plan) -> ShownUndo:
        gone = [row.live.id for row in plan.rows if row.live and row.action in (Action.RESTORE, Action.CANNOT)]
        lost = holdings([row.live.id for row in plan.removals if row.live]) if plan.removals else {}
        return cls(taking=taking, plan=plan, lost=lost, left=left_data(gone))

    def table(self, lines: PlanLines, query: PlanQuery, *, goes_on: bool = False) -> PlanTable:
        def words_of(page: LinesHere) -> Iterator[PlanRow]:
            return UndoWording.of(page, self.taking, holdings=self.lost, left=self.left).rows()

        return plan_table(lines, query=query, words=words_of, columns=COLUMNS, goes_on=goes_on)

    @property
    def returning(self) -> list[LeftData]:
        """The data of those that come back."""
        return [self.left[row.live.id] for row in self.plan.restored if row.live and row.live.id in self.left]


def undo_context(
    taking: TakingBack, plan: Plan, query: QueryDict, *, user: AnyUser, seen: datetime | None = None
) -> UndoContext:
    """`seen`: when the plan was looked at that was to be applied, and that was not, because the tree had changed."""
    shown, lines, engine = ShownUndo.of(taking, plan), plan_lines(plan), engine_runs()
    rows = undo_query(query, taking.kept)
    table, demand, nothing = shown.table(lines, rows), demand_of(plan), taking.nothing(plan)
    running, stuck, sum_of_lost = running_in(taking.organization), words.failing(plan), total(shown.lost.values())
    rights = (Right.IMPORT, *((Right.CASCADE_DELETE,) if plan.removals else ()))
    may = access.has(user, *rights)
    live = plural(plan.live_before, "live workspace")
    return UndoContext(
        run=taking.run,
        organization=taking.organization,
        what=heading_of(taking.run) if taking.run else _names(taking, plan),
        live_chosen=taking.live,
        seen_at=database_now(),
        compared_with=f"all {live}" if plan.live_before else "no live workspace",
        nothing=nothing,
        undone_by=taking.run.undone_by if taking.run else None,
        out_of_date=seen is not None,
        changes=changes_after(taking.organization, seen) if seen else (),
        running=running,
        locked=seen is not None or running is not None,
        may=may,
        who_may="" if may else listed(_able(rights, taking.organization), most=8),
        share=words.share(plan, f"#{taking.run.number} did" if taking.run else "went away"),
        stuck=tuple(_stuck(row, lines, table, rows) for row in stuck[:MOST_STUCK]),
        more_stuck=max(0, len(stuck) - MOST_STUCK),
        until=min((each.until for each in shown.returning if each.until), default=None) if engine else None,
        engine=engine,
        card=Card(
            tiles=words.tiles_of(plan),
            before=plan.live_before,
            after=plan.live_after,
            verdict=words.deeds(plan, left=shown.returning if engine else ()),
            rest=words.what_follows(plan, engine=engine),
        ),
        table=table,
        goes=_goes(plan),
        fingerprint=plan.fingerprint,
        demand=demand,
        total=sum_of_lost,
        signs=words.signs_of(plan),
        judged=judged(demand),
        rules=tuple(rulings(demand, plan)),
        button=words.button(plan),
    )


def further_undo_rows(taking: TakingBack, plan: Plan, query: QueryDict) -> PlanTable:
    """A page of the table, to append to the one before it."""
    return ShownUndo.of(taking, plan).table(plan_lines(plan), undo_query(query, taking.kept), goes_on=True)


def _names(taking: TakingBack, plan: Plan) -> str:
    """The chosen workspaces; what went with them is in the plan."""
    chosen = set(taking.ids)
    here = [row.name for row in plan.rows if row.live and row.live.id in chosen]
    known = here or list(Workspace.objects.filter(id__one_of=taking.ids).values_list("name", flat=True))
    return listed(known, most=MOST_NAMED)


def _goes(plan: Plan) -> str:
    if not plan.removals:
        return "removes nothing"
    collateral = f"{len(plan.collateral):,} of them collateral" if plan.collateral else "no collateral"
    return f"removes {len(plan.removals):,}, {collateral}"


def _stuck(row: Row, lines: PlanLines, table: PlanTable, query: PlanQuery) -> StuckRow:
    number = next(number for number, line in enumerate(lines.all) if line.row is row and not line.thin)
    here = key(number) in {each.key for each in table.rows}
    url = f"#{key(number)}" if here else f"{query.plain.but(row=number)}#{key(number)}"
    return StuckRow(url=url, path=path_html(row.trail), why=row.obstacle.partition(":")[0])


def _able(rights: tuple[Right, ...], organization: Organization) -> list[str]:
    """The names of the users who have all the rights there."""
    several = [access.who_may(right, organization) for right in rights]
    return [name for name in several[0] if all(name in names for names in several)]
