"""What the log says of a database's trouble: one line that names it, whoever noticed it, and no stack trace."""

from __future__ import annotations

import logging

from orgsite.database_errors import explained, trouble_of


class DatabaseInOneLine(logging.Filter):
    """A fault of this program keeps its stack trace; a database that is away has no use for one."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and trouble_of(error):
            record.msg, record.args = f"{record.getMessage()}: {explained(error)}", ()
            record.exc_info = record.exc_text = None
        return True
