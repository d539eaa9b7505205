"""The results of a benchmark: figures with their limits."""

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
    """Measured figures as text, with their units."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One part of the report. `words` describes what was measured and how, for readers who want to check it."""

    title: str
    words: str
    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    curves: dict[str, dict[int, float]] = field(default_factory=dict)  # name → n → seconds, for the plot
