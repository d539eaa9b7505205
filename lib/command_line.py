"""`manage.py`: this project's commands and Django's own, without a traceback for errors that are no bugs."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from lib.database_errors import explained, trouble_of
from lib.terminal import console_program, discard_output

INTERRUPTED = 130  # exit status that a shell reports for Ctrl-C (SIGINT)
BROKEN_PIPE = 141  # exit status that it reports for a program whose reader closed the pipe (SIGPIPE)


def run(arguments: list[str]) -> None:
    """Run the command that the arguments name, and exit with its status."""
    with console_program("manage.py"):
        try:
            execute_from_command_line(arguments)
        except KeyboardInterrupt:
            sys.stderr.write("manage.py: Stopped.\n")
            sys.exit(INTERRUPTED)
        except BrokenPipeError:  # `| head` behind one of Django's own commands
            discard_output(sys.stdout)
            sys.exit(BROKEN_PIPE)
        except Exception as error:
            if trouble_of(error) is None or "--traceback" in arguments:
                raise
            sys.exit(f"manage.py: {explained(error)}")
