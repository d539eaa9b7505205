"""An undo in words: what it does in the order of the signs, with which data, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterable

from django.template.defaultfilters import filesizeformat

from lib.text import plural, sentence
from workspaces.admin.plan.plan_counts import PlanTile, counts, named, signs, tiles
from workspaces.core.containers.restart_rule import Effect
from workspaces.core.planning.plan_values import Action, Plan, Reason, Row
from workspaces.services.removal.left_data import LeftData

TILES = {
    Action.RESTORE: "restore",
    Action.UPDATE: "put back",
    Action.MOVE: "move back",
    Action.REMOVE: "remove",
    Action.COLLATERAL: "collateral",
    Action.HELD: "held",
    Action.CANNOT: "can't",
}


def tiles_of(plan: Plan) -> tuple[PlanTile, ...]:
    """A tile for each count that is not 0."""
    return tuple(tiles(_numbers(plan), words=TILES))


def signs_of(plan: Plan) -> str:
    """`^8 >2 -2 ×1`"""
    return signs(_numbers(plan))


def _numbers(plan: Plan) -> dict[Action, int]:
    return counts(plan) | {
        Action.REMOVE: len(named(plan)),
        Action.COLLATERAL: len(plan.collateral),
        Action.HELD: len(plan.held),
        Action.CANNOT: sum(row.action is Action.CANNOT for row in plan.rows),
    }


def deeds(plan: Plan, *, left: Iterable[LeftData]) -> str:
    """`Restores 8 with 1.1 GB, puts 3 back, moves 2 back, removes the 2 that it created.`"""
    number = counts(plan)
    data = sum(each.bytes or 0 for each in left if each.fate.is_there)
    said = [
        f"restores {number[Action.RESTORE]:,}{f' with {filesizeformat(data)}' if data else ''}",
        f"puts {number[Action.UPDATE]:,} back",
        f"moves {number[Action.MOVE]:,} back",
        f"removes {_made(plan)}",
    ]
    done = (Action.RESTORE, Action.UPDATE, Action.MOVE, Action.REMOVE)
    return sentence(
        ", ".join(word for action, word in zip(done, said, strict=True) if number[action]) or "does nothing"
    )


def _made(plan: Plan) -> str:
    count = len(plan.removals)
    created = all(row.reason is Reason.CREATED for row in plan.removals)
    return f"the {count:,} that it created" if created else f"{count:,}"


def button(plan: Plan) -> str:
    """The button's text: always the verb, with numbers."""
    words = {Action.UPDATE: "put back", Action.MOVE: "move back"}
    said = {action: count for action, count in counts(plan).items() if count}
    if len(said) == 1 and (action := next(iter(said))) in (Action.RESTORE, Action.REMOVE):
        return f"{action.capitalize()} {plural(said[action], 'workspace')}"
    return ", ".join(f"{words.get(action, action)} {count:,}" for action, count in said.items()).capitalize()


def what_follows(plan: Plan, *, engine: bool) -> str:
    """The rest that happens, and what is left: `They start again on their own volumes and get new tokens; …`"""
    restarts = sum(1 for row in plan.rows if row.diff and row.diff.effect is Effect.RESTART)
    fields = sum(len(row.diff.drift) for row in plan.rows if row.diff)
    released, collateral, held = len(plan.released), len(plan.collateral), len(plan.held)
    said = [
        _restored(plan, engine=engine) if plan.restored else "",
        f"{restarts:,} restart{'s' if restarts == 1 else ''}." if restarts else "",
        f"{plural(released, 'container')} {'goes' if released == 1 else 'go'}, the data is kept." if released else "",
        f"{collateral:,} that the run did not make {_go(collateral)} with what is above." if collateral else "",
        f"Keeps {plural(held, 'workspace')}: protected, or above one that stays." if held else "",
        f"{plural(fields, 'field')} {'is' if fields == 1 else 'are'} not put back: changed since." if fields else "",
    ]
    return " ".join(filter(None, said))


def _go(number: int) -> str:
    return "goes" if number == 1 else "go"


def _restored(plan: Plan, *, engine: bool) -> str:
    if not engine:
        return "Old tokens stay revoked."
    one = len(plan.restored) == 1
    empty = len(plan.data_lost)
    back = f" {empty:,} come{'s' if empty == 1 else ''} back empty: the data was destroyed." if empty else ""
    what = "The restored one starts again and gets" if one else "The restored ones start again and get"
    return f"{what} {'a new token' if one else 'new tokens'}; old tokens stay revoked.{back}"


# ---- how much of it can be taken back


def failing(plan: Plan) -> list[Row]:
    """The rows of which nothing can be taken back."""
    return [row for row in plan.cannot if row.action in (Action.CANNOT, Action.HELD)]


def share(plan: Plan, what: str) -> str:
    """`12 of the 13 things that #139 did can be taken back; 1 can't.`; "" where all can."""
    stuck = failing(plan)
    if not stuck:
        return ""
    done = sum(number for action, number in counts(plan).items() if action is not Action.REMOVE) + len(named(plan))
    things = f"{done:,} of the {done + len(stuck):,} things that {what} can be taken back"
    return f"{things}; {len(stuck):,} can't."
