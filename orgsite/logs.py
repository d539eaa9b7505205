"""Log filters: one line without a stack trace for errors that are no bugs."""

from __future__ import annotations

import logging

from lib.database_errors import explained, trouble_of

CLIENT_ERRORS = range(400, 500)


class DatabaseInOneLine(logging.Filter):
    """Names the database's trouble in the line. A bug in this program keeps its stack trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and trouble_of(error):
            record.msg, record.args = f"{record.getMessage().removesuffix('.')}: {explained(error)}", ()
            record.exc_info = record.exc_text = None
        return True


class RefusalInOneLine(logging.Filter):
    """Drops the stack trace of a refused request (4xx): the error is the client's.

    Django logs the exception with each response that it made from one, such as 403 for PermissionDenied.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) in CLIENT_ERRORS:
            record.exc_info = record.exc_text = None
        return True
