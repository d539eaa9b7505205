"""`manage.py`: the commands of this project and Django's own; none shows a traceback for what is no fault of theirs."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line
from django.db import DatabaseError, InterfaceError

from orgsite.terminal import plain_speech


def run(arguments: list[str]) -> None:
    """Run the command that the arguments name; exits as the command does."""
    with plain_speech("manage.py"):
        try:
            execute_from_command_line(arguments)
        except (DatabaseError, InterfaceError) as error:
            sentence = _sentence(error)
            if sentence is None or "--traceback" in arguments:
                raise
            sys.exit(f"manage.py: {sentence}")


def _sentence(error: DatabaseError | InterfaceError) -> str | None:
    from workspaces.management.failures import database_sentence  # it needs the settings, which may be what is wrong

    return database_sentence(error)
