"""Counts that stop: a page says "more than 10,000" rather than read every row to say how many more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery, Value

COUNTED = 10_000  # rows of one kind that are counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many there are; with `more`, at least one more than that. Tallies add up, and print as a page says them."""

    number: int = 0
    more: bool = False

    @classmethod
    def of(cls, counted: int, *, most: int = COUNTED) -> Tally:
        """Of a count that stopped behind `most`."""
        return cls(number=min(counted, most), more=counted > most)

    def __add__(self, other: Tally) -> Tally:
        return Tally(number=self.number + other.number, more=self.more or other.more)

    def __bool__(self) -> bool:
        return bool(self.number)

    def __str__(self) -> str:
        return f"{'more than ' if self.more else ''}{self.number:,}"


class Counted(Subquery):
    """The number of rows of a queryset, for each row of the query around it; COUNTED + 1 stands for all beyond."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values_list(Value(1))[: COUNTED + 1])


def tally(rows: QuerySet[Any], *, most: int = COUNTED) -> Tally:
    """How many rows there are, as far as `most`."""
    return Tally.of(rows.order_by()[: most + 1].count(), most=most)
