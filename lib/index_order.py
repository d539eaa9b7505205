"""An order that an index has and the primary key has not, although it is the same."""

from __future__ import annotations

from typing import Any

from django.db.models import F, OrderBy
from django.db.models.indexes import IndexExpression


class Apart(OrderBy):
    """By a column that is never null, with the nulls where the primary key's index has them not.

    Asked for the first rows in this order, PostgreSQL's planner has to take an index that was made in it. Otherwise it
    likes to read the table from the primary key's end until it has met enough, as if the rows of a run or of an
    organization lay everywhere: they lie together, perhaps a million rows away. SQLite has only one order.
    """

    def __init__(self, expression: Any, *, descending: bool = False, **nulls: Any) -> None:
        super().__init__(
            F(expression) if isinstance(expression, str) else expression,
            descending=descending,
            nulls_first=None if descending else True,
            nulls_last=True if descending else None,
        )

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        plain = OrderBy(self.expression, descending=self.descending)
        return plain.as_sql(compiler, connection, **context)

    def reverse_ordering(self) -> Apart:
        self.descending = not self.descending
        self.nulls_first, self.nulls_last = self.nulls_last, self.nulls_first
        return self


IndexExpression.register_wrappers(Apart, *IndexExpression.wrapper_classes)
