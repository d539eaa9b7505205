"""PostgreSQL with limits set in each transaction: `SET LOCAL`, in the same message as BEGIN or as the statement.

A limit given when the connection is made is refused by PgBouncer, and lost if DATABASE_URL has options of its own; with
transaction pooling a session is ours for one transaction only. This costs no extra round trip.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg import ClientCursor, sql
from psycopg.pq import TransactionStatus

# Statements that may wait for a lock or be compiled. Others, such as VACUUM, must be alone in their message.
LIMITED = re.compile(rb"[\s(]*(SELECT|INSERT|UPDATE|DELETE|WITH|VALUES|EXPLAIN)\b", re.IGNORECASE)


class LimitedCursor(ClientCursor[Any]):
    """A cursor that sends the limits with each statement outside of a transaction."""

    limits: bytes = b""
    count: int = 0

    def execute(self, query: Any, params: Any = None, **options: Any) -> LimitedCursor:
        text = self._text(query)
        if self.connection.pgconn.transaction_status != TransactionStatus.IDLE or not LIMITED.match(text):
            super().execute(query, params, **options)
            return self
        super().execute(self.limits + text, params, **options)
        for _ in range(self.count):
            self.nextset()
        return self

    def _text(self, query: Any) -> bytes:
        if isinstance(query, sql.Composable):
            return query.as_bytes(self.connection)
        return query if isinstance(query, bytes) else query.encode()


class DatabaseWrapper(base.DatabaseWrapper):
    """`lock_timeout`, in milliseconds, replaces ORGSITE_LOCK_TIMEOUT while it is set."""

    lock_timeout: int | None = None

    def get_connection_params(self) -> dict[str, Any]:
        return super().get_connection_params() | {"cursor_factory": LimitedCursor}

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = super().create_cursor(name)
        if isinstance(cursor, LimitedCursor):
            limits = self._limits()
            cursor.limits, cursor.count = "".join(limits).encode(), len(limits)
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction with the limits; Django calls it, and the driver alone would send a bare BEGIN."""
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.connection.execute("".join(["BEGIN; ", *self._limits()]).encode())

    def _limits(self) -> list[str]:
        wait = settings.ORGSITE_LOCK_TIMEOUT * 1000 if self.lock_timeout is None else self.lock_timeout
        # jit pays for reports over whole tables only: a page's query is done before its code is compiled.
        return [f"SET LOCAL lock_timeout = {wait}; ", "SET LOCAL jit = off; "]
