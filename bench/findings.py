"""What a benchmark found: figures, each beside the limit it has to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One figure and its limit, both in `unit`: "×" for ratios, "MiB", "s", "" for plain numbers."""

    what: str
    measured: float
    limit: float
    unit: str = "×"
    at_least: bool = False
    detail: str = ""

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Measured figures as they are shown: text, with the unit in it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One part of the report. `words` says what was measured and how, for a reader who wants to doubt it."""

    title: str
    words: str
    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    curves: dict[str, dict[int, float]] = field(default_factory=dict)  # name → n → seconds, for the plot
