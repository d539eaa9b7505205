"""What the log says of requests."""

from __future__ import annotations

import logging

CLIENT_ERRORS = range(400, 500)


class OneLine(logging.Filter):
    """A request that is refused is one line without a traceback: the fault is the client's, and not in our code.

    Django passes the exception along with each answer that it made of one, such as 403 for PermissionDenied.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) in CLIENT_ERRORS:
            record.exc_info = record.exc_text = None
        return True
