"""Names without their case, as one index has them: found whole, or by how they begin."""

from __future__ import annotations

from typing import Any

from django.db.models import Func, Lookup, TextField

LAST = "\U0010ffff"  # sorts behind every other character


class Folded(Func):
    """The text in capitals, in the order of its code points: only that order knows where a beginning ends."""

    function = "UPPER"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template='(%(function)s(%(expressions)s) COLLATE "C")', **context)


@TextField.register_lookup
class Begins(Lookup):
    """`begins`: the folded text begins with this one, whatever its case. A range of the index, on every database."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        first, last = str(self.rhs), f"{self.rhs}{LAST}"
        return f"{left} >= UPPER(%s) AND {left} < UPPER(%s)", (*left_params, first, *left_params, last)
