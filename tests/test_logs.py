"""The log: one line for what the database cannot do, a stack trace for a fault of this program."""

from __future__ import annotations

import logging
import sys

import pytest
from django.db import IntegrityError, OperationalError

from lib.database_errors import AWAY
from orgsite.logs import DatabaseInOneLine


def told(error: Exception, message: str = "worker %d") -> logging.LogRecord:
    """A record of `logger.exception(message, 7)` while that error is handled, as the console gets it."""
    try:
        raise error
    except Exception:
        record = logging.LogRecord("any", logging.ERROR, __file__, 1, message, (7,), sys.exc_info())
    assert DatabaseInOneLine().filter(record)
    return record


def test_a_database_that_is_away_is_one_line() -> None:
    record = told(OperationalError("could not connect:\n\tis it running? 100%"))
    assert record.getMessage() == f"worker 7: {AWAY.sentence} (could not connect: is it running? 100%)"
    assert record.exc_info is None


def test_a_sentence_goes_on_with_the_reason() -> None:
    record = told(OperationalError("no"), "The worker goes on in %d s.")
    assert record.getMessage() == f"The worker goes on in 7 s: {AWAY.sentence} (no)"


@pytest.mark.parametrize("error", [ValueError("no"), IntegrityError("twice")])
def test_a_fault_of_this_program_keeps_its_trace(error: Exception) -> None:
    record = told(error)
    assert (record.getMessage(), record.exc_info is None) == ("worker 7", False)


def test_the_console_has_it() -> None:
    handlers = [handler for handler in logging.getLogger().handlers if handler.get_name() == "console"]
    assert all(any(isinstance(each, DatabaseInOneLine) for each in handler.filters) for handler in handlers)
    assert handlers
