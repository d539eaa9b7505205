"""A plan in words: what it does in the order of the signs, what it leaves, and why there is nothing to do."""

from __future__ import annotations

from collections.abc import Sequence

from django.template.defaultfilters import filesizeformat

from lib.text import listed, plural, sentence
from workspaces.admin.plan.plan_counts import PlanTile, counts, named, signs, tiles
from workspaces.core.containers.restart_rule import Effect
from workspaces.core.planning.plan_values import Action, Mode, Plan, Reason, Row
from workspaces.services.removal.footprint import Total


def deeds(plan: Plan, *, total: Total | None = None) -> str:
    """`Creates 1, updates 3, moves 2, removes 3 with 1.5 GB.`"""
    said = [f"{action}s {count:,}" for action, count in counts(plan).items() if count]
    if not said:
        return "Changes nothing."
    if not plan.removals:
        said.append("removes nothing")
    elif total and total.bytes:
        said[-1] += f" with {filesizeformat(total.bytes)}"
    return sentence(", ".join(said))


def button(plan: Plan) -> str:
    """The button's text: always the action, with numbers."""
    said = {action: count for action, count in counts(plan).items() if count}
    if not said:
        return f"Apply {plan.mode}"
    if list(said) == [Action.REMOVE]:
        return f"Remove {plural(len(plan.removals), 'workspace')}"
    text = ", ".join(f"{action} {count:,}" for action, count in said.items())
    return text.capitalize() if len(said) > 1 else f"{plan.mode.capitalize()}: {text}"


def signs_of(plan: Plan) -> str:
    """`+1 ~3 >2 -2 !1`: what is not 0, and nothing but what it does."""
    left = len(plan.left_running) if plan.mode is Mode.MERGE else 0
    return signs(
        counts(plan)
        | {Action.REMOVE: len(named(plan)), Action.COLLATERAL: len(plan.collateral), Action.LEFT_RUNNING: left}
    )


def tiles_of(plan: Plan) -> tuple[PlanTile, ...]:
    """A tile for each count: 0 only of what is always told."""
    held = sum(row.action is Action.HELD for row in plan.left_running)
    numbers = {
        Action.CREATE: plan.created_count,
        Action.KEEP: plan.kept_count,
        Action.UPDATE: len(plan.updated),
        Action.MOVE: len(plan.moved),
        Action.REMOVE: len(named(plan)),
        Action.COLLATERAL: len(plan.collateral),
        Action.HELD: len(plan.held),
        Action.LEFT_RUNNING: len(plan.left_running) - held,
    }
    return tuple(tiles(numbers))


# ---- what is left


def left_by_merge(merge: Plan, reconcile: Plan) -> str:
    """`3 differ, 2 live elsewhere: reconcile would update and move them.`"""
    differ = merge.differs_count
    there = {row.live.id.int for row in merge.moved if row.live}
    elsewhere = sum(1 for row in reconcile.moved if row.live and row.live.id.int not in there)
    said = [f"{differ:,} differ{'s' if differ == 1 else ''}"] if differ else []
    said += [f"{elsewhere:,} live{'s' if elsewhere == 1 else ''} elsewhere"] if elsewhere else []
    updates = len(reconcile.updated) if differ else 0
    does = (["update"] if updates else []) + (["move"] if elsewhere else [])
    if not said:
        return ""
    if not does:
        return f"{', '.join(said)}."
    if updates in (0, differ):
        them = "it" if differ + elsewhere == 1 else "them"
        return f"{', '.join(said)}: reconcile would {' and '.join(does)} {them}."
    moves = f" and move {elsewhere:,}" if elsewhere else ""
    return f"{', '.join(said)}: reconcile would update {updates:,}{moves}."


def left_by(plan: Plan) -> str:
    """`1 restarts. Leaves 1 drift, 1 conflict. Keeps 2 workspaces: protected, or above a protected one.`"""
    restarts = sum(1 for row in plan.rows if row.diff and row.diff.effect is Effect.RESTART)
    released = len(plan.released)
    drift, conflicts = (
        sum(1 for row in plan.rows if row.diff and getattr(row.diff, kind)) for kind in ("drift", "conflicts")
    )
    left = [f"{drift:,} drift"] * bool(drift) + [plural(conflicts, "conflict")] * bool(conflicts)
    differ = sum(1 for row in plan.rows if row.differs and row.diff is None)
    said = [
        f"{restarts:,} restart{'s' if restarts == 1 else ''}." if restarts else "",
        f"{plural(released, 'container')} {'goes' if released == 1 else 'go'}, the data is kept." if released else "",
        f"Leaves {', '.join(left)}." if left else "",
        f"{differ:,} differ{'s' if differ == 1 else ''}." if differ else "",
        f"Keeps {plural(len(plan.held), 'workspace')}: protected, or above a protected one." if plan.held else "",
    ]
    return " ".join(filter(None, said))


# ---- nothing to do


def nothing(plan: Plan) -> str:
    """Why the plan changes nothing."""
    if not plan.result:
        return "Nothing to do: the template lets no workspace run."
    if plan.differs_count:
        return f"Nothing to create, move or remove. {_differ(plan.differs_count)}"
    kept = " What else it names is protected, or above a protected one." if plan.held else ""
    return (
        f"Nothing to do: {_all_exist(plan)} where the template puts {'it' if len(plan.result) == 1 else 'them'}.{kept}"
    )


def nothing_at_all(merge: Plan, reconcile: Plan) -> tuple[str, str]:
    """A lead and a sentence for a tree that has every workspace of its template in its place; "" for any other."""
    if not reconcile.changes_nothing or not merge.changes_nothing or merge.left_running or not merge.result:
        return "", ""
    if differ := max(merge.differs_count, reconcile.differs_count):
        return "Nothing to create, move or remove.", f"{_differ(differ)} The table says in what."
    return "Nothing to do.", f"{_all_exist(merge).capitalize()}, and no other live workspace uses their names."


def _differ(count: int) -> str:
    return "1 workspace differs from the template." if count == 1 else f"{count:,} workspaces differ from the template."


def _all_exist(plan: Plan) -> str:
    count = len(plan.result)
    return "the one template workspace exists" if count == 1 else f"all {count:,} template workspaces exist"


# ---- what goes


def removed_kinds(plan: Plan) -> str:
    """`8 duplicates + 2 collateral`"""
    collateral = f" + {len(plan.collateral):,} collateral" if plan.collateral else ", no collateral"
    return leftovers(named(plan)) + collateral


def leftovers(rows: Sequence[Row]) -> str:
    """`8 younger ones`, `8 duplicates`, or `8 leftovers` where one of them has no twin in the template."""
    if rows and all(row.reason is Reason.SUPERSEDED for row in rows):
        return plural(len(rows), "younger one")
    return plural(len(rows), "duplicate" if all(row.twin for row in rows) else "leftover")


def subtrees(plan: Plan) -> str:
    """`1 subtree: PM › Infra Lead`"""
    return f"{plural(len(plan.removal_roots), 'subtree')}: {listed([row.path for row in plan.removal_roots], most=3)}"


def what_goes(plan: Plan) -> str:
    """`8 duplicates and 2 the template does not name, in 1 subtree: PM › Infra Lead.`"""
    if not plan.removals:
        return ""
    more = f" and {len(plan.collateral):,} the template does not name" if plan.collateral else ""
    return f"{leftovers(named(plan))}{more}, in {subtrees(plan)}."


def names_a_live_one(plan: Plan) -> bool:
    """Whether a warning concerns a live workspace that the template names only under `spawning: false`."""
    return any(row.reason is Reason.NOT_SPAWNING for row in plan.rows)
