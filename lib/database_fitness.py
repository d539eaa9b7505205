"""Whether the database is fit for this site: checked before the site, the worker or a command starts.

A database that is away does not stop the start: it may come back, and until then requests are answered with 503.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from lib.database_errors import driver_message, explained, trouble_of

logger = logging.getLogger(__name__)

NOT_UTF8 = (
    "The database stores text as {encoding}; this site needs UTF8. Make one with CREATE DATABASE … ENCODING 'UTF8' "
    "TEMPLATE template0, and name it in DATABASE_URL."
)
NOT_MIGRATED = (
    "The database lacks {count} migrations of this version: run `python manage.py migrate` (`make setup` does)."
)


def refusal() -> str:
    """A sentence that says why nothing can start on this database; "" if it is fit, or away."""
    try:
        return _wrong_encoding("default") or _missing_migrations()
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        if not trouble.passes:
            return explained(error)
        logger.warning("The database cannot be asked whether it fits: %s", driver_message(error))
        return ""


@register(Tags.database)
def encoding_check(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """A check that `migrate` runs, so that no table is made in a database that cannot store every name."""
    wrong = [text for alias in databases or () if (text := _wrong_encoding(alias))]
    return [Error(text, id="orgsite.E001") for text in wrong]


def _wrong_encoding(alias: str) -> str:
    database = connections[alias]
    if database.vendor != "postgresql":
        return ""
    with database.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding')")
        encoding = cursor.fetchone()[0]
    return "" if encoding == "UTF8" else NOT_UTF8.format(encoding=encoding)


def _missing_migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return NOT_MIGRATED.format(count=len(missing)) if missing else ""
