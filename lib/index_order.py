"""A NULLS ordering that makes PostgreSQL use our index instead of scanning the primary key."""

from __future__ import annotations

from typing import Any

from django.db.models import F, OrderBy
from django.db.models.indexes import IndexExpression


class OppositeNulls(OrderBy):
    """The order of a column that is never null, with NULLS at the end opposite to the primary key's index.

    For the first rows in this order PostgreSQL's planner has to use an index that was made with it. Without it the
    planner tends to read the table from the end of the primary key until it has found enough rows, as if those of a run
    or an organization were spread evenly: they lie together, perhaps a million rows away. SQLite has only one order.
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

    def reverse_ordering(self) -> OppositeNulls:
        self.descending = not self.descending
        self.nulls_first, self.nulls_last = self.nulls_last, self.nulls_first
        return self


IndexExpression.register_wrappers(OppositeNulls, *IndexExpression.wrapper_classes)
