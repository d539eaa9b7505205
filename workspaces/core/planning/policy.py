"""Step three of a plan: one policy judges it, the same for REST, pages and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lib.text import plural
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.errors import RemovalNotConfirmed, WorkspaceProtected

MOST_NAMED = 5  # protected workspaces that a sentence names
DATA = "data"  # the rule about data that was destroyed
_BESIDE = {False: "not in the template", True: "not made by that run"}
_EXACT = (Mode.RECONCILE, Mode.UNDO)


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
    empty: int = 0  # workspaces that come back with empty volumes

    @property
    def why(self) -> str:
        """The reason why the plan is held back; "" if it is free."""
        return next((each.why for each in self.rules if not each.ok), "")

    @property
    def why_removals(self) -> str:
        """The reason why the number of removals has to be repeated; "" if it need not."""
        return next((each.why for each in self.rules if not each.ok and each.rule != DATA), "")

    @property
    def confirm_removals(self) -> int | None:
        """The number that lets the plan through; None if it need not be repeated, or if nothing helps."""
        return self.removals if self.word in (Word.NUMBER, Word.TICK) and self.why_removals else None

    @property
    def confirm_data_loss(self) -> int | None:
        """The number of workspaces that come back empty; None if there are none."""
        return self.empty or None

    @property
    def message(self) -> str:
        """The sentences for programs, of a plan that is held back: the effect, why, and what lets it through."""
        said = []
        if self.confirm_removals is not None:
            going = f"{plural(self.removals, 'workspace')}, {self.why_removals}" if self.removals else self.why_removals
            said.append(f"This would remove {going}. Repeat the number {self.removals} as confirm_removals.")
        if self.empty:
            back = plural(self.empty, "workspace")
            said.append(
                f"{back} would come back empty: the data was destroyed. Repeat {self.empty} as confirm_data_loss."
            )
        return " ".join(said)

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
        released, empty = len(plan.released), len(plan.data_lost)
        most = round(self.fraction * live, 9)  # 0.29 of 100 is 28.999… in binary
        return _verdict(
            plan,
            Word.TICK if collateral or released or empty else Word.NUMBER,
            Ruling(
                rule="collateral", ok=not collateral, why=f"{collateral:,} of them {_BESIDE[plan.mode is Mode.UNDO]}"
            ),
            Ruling(
                rule="fraction",
                ok=removals <= most,
                why=f"{'not ' if removals <= most else ''}more than {self.fraction:.0%} of the {live:,} "
                "that are live now",
            ),
            Ruling(rule="external", ok=not released, why=f"{plural(released, 'container')} of what becomes external"),
            *([Ruling(rule=DATA, ok=not empty, why=_empty(empty))] if plan.mode is Mode.UNDO else []),
        )


def require(verdict: Verdict, plan: Plan, *, confirmed: int | None, data_loss: int | None = None) -> None:
    """Let the plan through, or raise: WorkspaceProtected if it is refused, RemovalNotConfirmed unless the verdict is
    free, or `confirmed` is the exact number of removals and `data_loss` that of the workspaces that come back empty.

    A number given with a reconcile or an undo must always fit, whatever the verdict: it is the caller's expectation.
    """
    if verdict.word is Word.REFUSED:
        raise WorkspaceProtected(
            f"Protected, so nothing was removed: {verdict.why}. Clear the protection first.",
            ids=tuple(row.live.id for row in plan.protected_removals if row.live),
        )
    removals, empty = verdict.confirm_removals, verdict.confirm_data_loss
    wrong = []
    if confirmed is not None and (removals is not None or plan.mode in _EXACT) and confirmed != verdict.removals:
        wrong.append(f"This would remove {plural(verdict.removals, 'workspace')}, not {confirmed}.")
    if data_loss is not None and data_loss != verdict.empty:
        wrong.append(f"{plural(verdict.empty, 'workspace')} would come back empty, not {data_loss}.")
    asked = {"confirm_removals": removals if confirmed is None else verdict.removals, "confirm_data_loss": empty}
    if wrong:
        raise RemovalNotConfirmed(" ".join((*wrong, "Nothing was changed.")), plan=plan, **asked)
    if (removals is not None and confirmed is None) or (empty is not None and data_loss is None):
        raise RemovalNotConfirmed(verdict.message, plan=plan, **asked)


def _verdict(plan: Plan, word: Word, *rules: Ruling) -> Verdict:
    """FREE if every rule lets the plan pass, else `word`."""
    stopped = any(not each.ok for each in rules)
    return Verdict(
        word=word if stopped else Word.FREE, rules=rules, removals=len(plan.removals), empty=len(plan.data_lost)
    )


def _empty(count: int) -> str:
    return f"{plural(count, 'workspace')} back with empty volumes" if count else "no data is lost"


def _protection(plan: Plan) -> Ruling:
    """A direct delete never takes a protected workspace, nor one above it."""
    names = sorted(row.name for row in plan.protected_removals)
    named = ", ".join(names[:MOST_NAMED]) + (" and more" if len(names) > MOST_NAMED else "")
    return Ruling(rule="protected", ok=not names, why=named or "none of them is protected")
