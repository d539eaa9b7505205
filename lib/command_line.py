"""`manage.py`: the commands of this project and Django's own; none shows a traceback for what is no fault of theirs."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from lib.database_errors import explained, trouble_of
from lib.terminal import drop, plain_speech

INTERRUPTED = 130  # what a shell reports for Ctrl-C
UNHEARD = 141  # what it reports of a program that writes to nobody any more


def run(arguments: list[str]) -> None:
    """Run the command that the arguments name; exits as the command does."""
    with plain_speech("manage.py"):
        try:
            execute_from_command_line(arguments)
        except KeyboardInterrupt:
            sys.stderr.write("manage.py: Stopped.\n")
            sys.exit(INTERRUPTED)
        except BrokenPipeError:  # `| head`, of a command of Django's own
            drop(sys.stdout)
            sys.exit(UNHEARD)
        except Exception as error:
            if trouble_of(error) is None or "--traceback" in arguments:
                raise
            sys.exit(f"manage.py: {explained(error)}")
