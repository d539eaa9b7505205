"""Step three of a plan: one policy judges it, the same for REST, pages and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lib.text import plural
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.errors import RemovalNotConfirmed, WorkspaceProtected

MOST_NAMED = 5  # protected workspaces that a sentence names


class Word(StrEnum):
    """The confirmation that a plan needs. Over REST the exact number of removals answers both `number` and `tick`."""

    FREE = "free"
    NUMBER = "number"
    TICK = "tick"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """One rule's judgement of a plan: whether it lets the plan pass, and why, as the end of a sentence."""

    rule: str
    ok: bool
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The judgement of a plan: one word, and each rule's ruling."""

    word: Word
    rules: tuple[Ruling, ...]
    removals: int

    @property
    def why(self) -> str:
        """The reason why the plan is held back; "" if it is free."""
        return next((each.why for each in self.rules if not each.ok), "")

    @property
    def confirm_removals(self) -> int | None:
        """The number that lets the plan through; None if it is free, or if nothing does."""
        return self.removals if self.word in (Word.NUMBER, Word.TICK) else None

    @property
    def message(self) -> str:
        """The sentence for programs, of a plan that is held back: the effect, why, and what lets it through."""
        going = f"{plural(self.removals, 'workspace')}, {self.why}" if self.removals else self.why
        return f"This would remove {going}. Repeat the number {self.removals} as confirm_removals."

    def as_json(self) -> dict[str, Any]:
        """`{"word": …, "rules": [{"rule", "ok", "why"}]}`, as every answer with a plan has it."""
        rules = [{"rule": each.rule, "ok": each.ok, "why": each.why} for each in self.rules]
        return {"word": str(self.word), "rules": rules}


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The rules of this site. `fraction` (0 to 1) of the live workspaces may go without repeating the number."""

    fraction: float

    def judge(self, plan: Plan) -> Verdict:
        """The verdict on a plan. Pure: the same plan, the same verdict.

        The import's own creations do not count as live: they would let the replacement of a whole tree pass.
        """
        if plan.mode is Mode.REMOVE:
            return _verdict(plan, Word.REFUSED, _protection(plan))
        removals, collateral, live = len(plan.removals), len(plan.collateral), plan.live_before
        released = len(plan.released)
        most = round(self.fraction * live, 9)  # 0.29 of 100 is 28.999… in binary
        return _verdict(
            plan,
            Word.TICK if collateral or released else Word.NUMBER,
            Ruling(rule="collateral", ok=not collateral, why=f"{collateral:,} of them not in the template"),
            Ruling(
                rule="fraction",
                ok=removals <= most,
                why=f"{'not ' if removals <= most else ''}more than {self.fraction:.0%} of the {live:,} "
                "that are live now",
            ),
            Ruling(rule="external", ok=not released, why=f"{plural(released, 'container')} of what becomes external"),
        )


def require(verdict: Verdict, plan: Plan, *, confirmed: int | None) -> None:
    """Let the plan through, or raise: WorkspaceProtected if it is refused, RemovalNotConfirmed unless the verdict is
    free or `confirmed` is the exact number of removals.

    The number given with a reconcile must always fit, whatever the verdict: it is the caller's expectation.
    """
    if verdict.word is Word.REFUSED:
        raise WorkspaceProtected(
            f"Protected, so nothing was removed: {verdict.why}. Clear the protection first.",
            ids=tuple(row.live.id for row in plan.protected_removals if row.live),
        )
    needed = verdict.confirm_removals is not None
    if confirmed is not None and (needed or plan.mode is Mode.RECONCILE) and confirmed != verdict.removals:
        message = f"This would remove {plural(verdict.removals, 'workspace')}, not {confirmed}. Nothing was changed."
        raise RemovalNotConfirmed(message, plan=plan)
    if needed and confirmed is None:
        raise RemovalNotConfirmed(verdict.message, plan=plan)


def _verdict(plan: Plan, word: Word, *rules: Ruling) -> Verdict:
    """FREE if every rule lets the plan pass, else `word`."""
    stopped = any(not each.ok for each in rules)
    return Verdict(word=word if stopped else Word.FREE, rules=rules, removals=len(plan.removals))


def _protection(plan: Plan) -> Ruling:
    """A direct delete never takes a protected workspace, nor one above it."""
    names = sorted(row.name for row in plan.protected_removals)
    named = ", ".join(names[:MOST_NAMED]) + (" and more" if len(names) > MOST_NAMED else "")
    return Ruling(rule="protected", ok=not names, why=named or "none of them is protected")
