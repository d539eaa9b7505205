"""The base of every command of this project: a failure is one sentence and exit status 1, and nothing that it
writes stops its work.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style

from lib.command_line import INTERRUPTED
from lib.database_errors import driver_words, explained, trouble_of
from lib.database_fitness import refusal
from lib.terminal import flush, is_terminal, prepare_streams
from workspaces.errors import OrgError
from workspaces.management.command_output import Output

OUTPUT_LOST = 1


class OrgCommand(BaseCommand):
    """Usage errors end with 1 as all others do: 2 would say "there are changes" to whoever runs a dry run.

    `done` is what was committed, or may have been, as a sentence: whatever goes wrong afterwards, nobody is told that
    nothing changed. A command that commits more than once sets it before the first time.
    """

    done = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False  # a usage error is raised, not printed with exit status 2
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            self.stderr.write(str(error))
            sys.exit(error.returncode)
        self._told_or_exit()

    def execute(self, *args: Any, **options: Any) -> str | None:
        self._choose_outputs(options)
        try:
            _refuse_half_characters(options)
            if getattr(self, "_called_from_command_line", False) and (why := refusal()):
                raise CommandError(why)
            return super().execute(*args, **options)
        except OrgError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"{error.filename or 'The system'}: {error.strerror or error}. {self._state()}"
            ) from error
        except KeyboardInterrupt as error:
            raise CommandError(f"Stopped. {self._state()}", returncode=INTERRUPTED) from error
        except EOFError as error:
            raise CommandError(f"The input ended before the answer. {self._state()}") from error
        except Exception as error:
            if trouble_of(error) is None:
                raise
            raise CommandError(self._trouble(error)) from error

    def asks(self) -> bool:
        """Whether a person sits there who sees the output and can answer."""
        return is_terminal(sys.stdin, self.stdout)

    def confirm(self, count: int, what: str) -> None:
        """Ask for the number. Raises CommandError for any other answer, and where the input ends."""
        self.stdout.write(f"Type {count}, the number of {what}: ", ending="")
        self.stdout.flush()
        try:
            answer = input()
        except EOFError:
            answer = ""
        if answer.strip() != str(count):
            raise CommandError("Not confirmed. Nothing was changed.")

    def _choose_outputs(self, options: dict[str, Any]) -> None:
        """Outputs that stop no work, in the place of Django's; `NO_COLOR` counts as `--no-color`."""
        prepare_streams()
        forced = bool(options.get("force_color"))
        if settings.NO_COLOR and not forced:
            options["no_color"] = True
        if options.get("no_color"):
            self.style = no_style()
        out, err = options.pop("stdout", None), options.pop("stderr", None)
        self.stdout = Output(out or sys.stdout, forced=forced)
        self.stderr = Output(err or sys.stderr, forced=forced, usual=self.style.ERROR)

    def note(self, text: str) -> None:
        """To whoever waits: on standard error, which is no error."""
        self.stderr.write(text, str)

    def _trouble(self, error: Exception) -> str:
        return f"The database failed: {driver_words(error)}. {self.done}" if self.done else explained(error)

    def _state(self) -> str:
        return self.done or "Nothing was changed."

    def _told_or_exit(self) -> None:
        """Say so if the output went nowhere: a token that nobody saw is of no use."""
        lost = getattr(self.stdout, "lost", None) or flush(sys.stdout)
        if lost:
            self.stderr.write(f"The output could not be written: {lost.strerror or lost}. {self.done}".rstrip())
            sys.exit(OUTPUT_LOST)


def _refuse_half_characters(options: dict[str, Any]) -> None:
    """Raise CommandError for an argument of bytes that are no UTF-8: no database could keep it."""
    for name, value in options.items():
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, str | Path) and any("\ud800" <= letter <= "\udfff" for letter in str(each)):
                shown = str(each).encode("utf-8", "backslashreplace").decode()
                raise CommandError(
                    f"The value of {name.replace('_', '-')} is not UTF-8 text: {shown}. Nothing was changed."
                )
