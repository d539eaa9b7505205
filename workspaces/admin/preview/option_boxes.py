"""The boxes to tick in both cards: each option with the number of rows that it touches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workspaces.admin.plan.plan_counts import OptionBox
from workspaces.admin.preview.plan_options import Chosen
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Action, Mode, Plan, Reason
from workspaces.services.imports.previews import Preview

Planned = Callable[[ImportOptions], Plan]


def merge_boxes(preview: Preview, chosen: Chosen) -> tuple[OptionBox, ...]:
    options = chosen.merge

    def planned(other: ImportOptions) -> Plan:
        return preview.plan(Mode.MERGE, other)

    return (
        _box("merge_moves", "move", _moved(planned, options), ticked=options.moves),
        _box("merge_updates", "update", _updated(planned, options), ticked=options.updates),
    )


def reconcile_boxes(preview: Preview, chosen: Chosen) -> tuple[OptionBox, ...]:
    options = chosen.reconcile

    def planned(other: ImportOptions) -> Plan:
        return preview.plan(Mode.RECONCILE, other)

    left = _left(planned, options)
    return (
        _box("moves", "move", _moved(planned, options), ticked=options.moves, always=True),
        _box("updates", "update", _updated(planned, options), ticked=options.updates, always=True),
        _box("retire", "retire what is no longer declared", _retired(planned, options), ticked=options.retire),
        _box("overwrite", "overwrite what was changed here", left, ticked=options.overwrite),
    )


def _box(name: str, label: str, count: int, *, ticked: bool, always: bool = False) -> OptionBox:
    """`always`: what is ticked by default can be left out even where it touches nothing."""
    return OptionBox(name=name, label=label, count=count, ticked=ticked, off=not (count or ticked or always))


def _moved(planned: Planned, options: ImportOptions) -> int:
    """Only a node that would be created can be found elsewhere."""
    plan = planned(options)
    return len(planned(replace(options, moves=True)).moved) if options.moves or plan.created_count else 0


def _updated(planned: Planned, options: ImportOptions) -> int:
    plan = planned(options)
    return len(plan.updated) if options.updates or plan.differs_count == 0 else len(_updating(planned, options).updated)


def _updating(planned: Planned, options: ImportOptions) -> Plan:
    return planned(replace(options, updates=True))


def _left(planned: Planned, options: ImportOptions) -> int:
    """The number of workspaces whose fields people changed."""
    plan = planned(replace(options, overwrite=False))
    if not options.updates and plan.differs_count:
        plan = planned(replace(options, overwrite=False, updates=True))
    return sum(1 for row in plan.rows if row.diff and (row.diff.drift or row.diff.conflicts))


def _retired(planned: Planned, options: ImportOptions) -> int:
    plan = planned(options)
    if not options.retire and not any(_is_dropped(plan, index) for index in range(len(plan.rows))):
        return 0
    rows = planned(replace(options, retire=True)).rows
    return sum(1 for row in rows if row.action is Action.REMOVE and row.reason is Reason.RETIRED)


def _is_dropped(plan: Plan, index: int) -> bool:
    row = plan.rows[index]
    return row.action is Action.UNTOUCHED and row.why == "no_longer_declared"
