"""Filters of the log: what needs no stack trace is one line without it."""

from __future__ import annotations

import logging

from lib.database_errors import explained, trouble_of

CLIENT_ERRORS = range(400, 500)


class DatabaseInOneLine(logging.Filter):
    """A database's trouble is named in the line. A fault of this program keeps its stack trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and trouble_of(error):
            record.msg, record.args = f"{record.getMessage().removesuffix('.')}: {explained(error)}", ()
            record.exc_info = record.exc_text = None
        return True


class RefusalInOneLine(logging.Filter):
    """A request that is refused: the fault is the client's, and not in our code.

    Django passes the exception along with each answer that it made of one, such as 403 for PermissionDenied.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) in CLIENT_ERRORS:
            record.exc_info = record.exc_text = None
        return True
