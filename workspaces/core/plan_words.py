"""A plan's actions on a workspace, as sign and word: the same in terminals, on pages, in histories and events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanWord:
    """`word` before it happens, `done` afterwards, "" if nothing happens; `tone` is its class in the stylesheet."""

    sign: str
    word: str
    tone: str
    done: str = ""


WORDS = {
    each.word: each
    for each in (
        PlanWord(sign="+", word="create", tone="create", done="created"),
        PlanWord(sign="=", word="keep", tone="keep", done="kept"),
        PlanWord(sign="~", word="update", tone="update", done="updated"),
        PlanWord(sign=">", word="move", tone="move", done="moved"),
        PlanWord(sign="^", word="restore", tone="restore", done="restored"),
        PlanWord(sign="-", word="remove", tone="remove", done="removed"),
        PlanWord(sign="!", word="collateral", tone="collateral"),
        PlanWord(sign="#", word="held", tone="held"),
        PlanWord(sign="≠", word="left running", tone="left"),
        PlanWord(sign="×", word="cannot", tone="cannot"),
        PlanWord(sign="·", word="untouched", tone="none"),
    )
}


ALWAYS = {"create", "keep", "remove"}  # counted even where none is


def signed_counts(*, created: int, kept: int, removed: int, updated: int = 0, moved: int = 0, restored: int = 0) -> str:
    """`+8 =1 >2 -0`"""
    counts = {
        "restore": restored, "create": created, "keep": kept, "update": updated, "move": moved, "remove": removed,
    }  # fmt: skip
    return " ".join(f"{WORDS[word].sign}{count:,}" for word, count in counts.items() if count or word in ALWAYS)
