"""Counts capped at a limit: a page says "more than 10,000" and does not read every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, F, IntegerField, QuerySet, Subquery, Value

COUNTED = 10_000  # rows of one kind that are counted at most


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """A number of rows; `more`: there is at least one more. Tallies can be added, and print as pages show them."""

    number: int = 0
    more: bool = False

    @classmethod
    def of(cls, counted: int, *, most: int = COUNTED) -> Tally:
        """The tally of a count that stopped at `most` + 1."""
        return cls(number=min(counted, most), more=counted > most)

    def __add__(self, other: Tally) -> Tally:
        return Tally(number=self.number + other.number, more=self.more or other.more)

    def __bool__(self) -> bool:
        return bool(self.number)

    def __str__(self) -> str:
        return f"{'more than ' if self.more else ''}{self.number:,}"


class CappedCount(Subquery):
    """The number of rows of a queryset, for each row of the outer query; COUNTED + 1 means more than COUNTED."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values_list(Value(1))[: COUNTED + 1])


class CappedSum(Subquery):
    """The sum of a number over the first COUNTED + 1 rows of a queryset, for each row of the outer query; None: of none
    of them it is known."""

    template = "(SELECT SUM(summed) FROM (%(subquery)s) AS counted)"
    output_field = BigIntegerField()

    def __init__(self, rows: QuerySet[Any], field: str) -> None:
        super().__init__(rows.order_by().annotate(summed=F(field)).values_list("summed")[: COUNTED + 1])


def tally(rows: QuerySet[Any], *, most: int = COUNTED) -> Tally:
    """The number of rows, counted up to `most`."""
    return Tally.of(rows.order_by()[: most + 1].count(), most=most)
