"""A plan in numbers: what it does, in the order of the signs, as tiles of a card and as one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workspaces.core.plan_words import ALWAYS, WORDS
from workspaces.core.planning.plan_values import Action, Plan, Row


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTile:
    """One count of a card; `tone` is its class in the stylesheet."""

    tone: str
    sign: str
    word: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionBox:
    """One option of a plan. It is off where it would touch nothing, or where another one rules it out."""

    name: str
    label: str
    count: int
    ticked: bool
    off: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One plan in numbers and words: `verdict` in bold, then `rest`; below them the options of the plan."""

    tiles: tuple[PlanTile, ...]
    before: int
    after: int
    verdict: str
    rest: str
    boxes: tuple[OptionBox, ...] = ()


def counts(plan: Plan) -> dict[Action, int]:
    """The changes of the plan, in the order of the signs; all removals together."""
    return {
        Action.RESTORE: len(plan.restored),
        Action.CREATE: plan.created_count,
        Action.UPDATE: len(plan.updated),
        Action.MOVE: len(plan.moved),
        Action.REMOVE: len(plan.removals),
    }


def named(plan: Plan) -> list[Row]:
    """The removals that are not collateral."""
    return [row for row in plan.removals if row.action is Action.REMOVE]


def tiles(numbers: Mapping[Action, int], *, words: Mapping[Action, str] | None = None) -> Iterator[PlanTile]:
    """A tile for each count: 0 only of what is always told, and nothing but what `words` name, if they are given."""
    always = ALWAYS if words is None else ()
    for action, number in numbers.items():
        if number or action in always:
            word = WORDS[action]
            yield PlanTile(tone=word.tone, sign=word.sign, word=(words or {}).get(action, word.word), number=number)


def signs(numbers: Mapping[Action, int]) -> str:
    """`+1 ~3 >2 -2 !1`: what is not 0."""
    return " ".join(f"{WORDS[action].sign}{count:,}" for action, count in numbers.items() if count)
