"""Case-insensitive look-up of names through one index: the whole name, or a prefix."""

from __future__ import annotations

from typing import Any

from django.db.models import Func, Lookup, TextField

LAST = "\U0010ffff"  # sorts after every other character


class Folded(Func):
    """The text in upper case, ordered by code points: only in that order do all texts with one prefix form a range."""

    function = "UPPER"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template='(%(function)s(%(expressions)s) COLLATE "C")', **context)


@TextField.register_lookup
class Begins(Lookup):
    """`begins`: the folded text has this prefix, in any case. It is a range of the index, on every database."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        first, last = str(self.rhs), f"{self.rhs}{LAST}"
        return f"{left} >= UPPER(%s) AND {left} < UPPER(%s)", (*left_params, first, *left_params, last)
