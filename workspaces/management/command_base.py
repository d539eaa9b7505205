"""The base of all commands: a failure is one sentence and exit status 1; errors of the output never stop the work."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.core.management.color import no_style

from lib.command_line import INTERRUPTED
from lib.database_errors import driver_message, explained, trouble_of
from lib.database_fitness import refusal
from lib.terminal import discard_output, flush, is_terminal, prepare_streams
from workspaces.access import Actor
from workspaces.errors import OrgError
from workspaces.models import ImportRun, Organization, Workspace

OUTPUT_LOST = 1
LONGEST_NUMBER = 18  # digits that a column holds


class OrgCommand(BaseCommand):
    """A command. Usage errors have exit status 1 as all others: 2 means "there are changes" after a dry run.

    `done` is a sentence about what was committed, or may have been. Errors after it end with this sentence instead of
    "Nothing was changed." A command that commits more than once sets it before the first commit.
    """

    done = ""
    requires_system_checks = ()  # `check` and `migrate` make them: they import every page, which takes half a second

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
        self._exit_if_output_lost()

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

    def is_interactive(self) -> bool:
        """Whether a person can see the output and answer."""
        return is_terminal(sys.stdin, self.stdout)

    def confirm(self, count: int, what: str) -> None:
        """Ask for the number. Raises CommandError for any other answer and at the end of the input."""
        self.stdout.write(f"Type {count}, the number of {what}: ", ending="")
        self.stdout.flush()
        try:
            answer = input()
        except EOFError:
            answer = ""
        if answer.strip() != str(count):
            raise CommandError("Not confirmed. Nothing was changed.")

    def _choose_outputs(self, options: dict[str, Any]) -> None:
        """Replace Django's outputs by ours, whose errors do not stop the work; `NO_COLOR` counts as `--no-color`."""
        prepare_streams()
        forced = bool(options.get("force_color"))
        if settings.NO_COLOR and not forced:
            options["no_color"] = True
        if options.get("no_color"):
            self.style = no_style()
        out, err = options.pop("stdout", None), options.pop("stderr", None)
        self.stdout = Output(out or sys.stdout, forced=forced)
        self.stderr = Output(err or sys.stderr, forced=forced, usual=self.style.ERROR)

    def show_progress(self, text: str) -> None:
        """Write a line about progress, on standard error."""
        self.stderr.write(text, str)

    def _trouble(self, error: Exception) -> str:
        return f"The database failed: {driver_message(error)}. {self.done}" if self.done else explained(error)

    def _state(self) -> str:
        return self.done or "Nothing was changed."

    def _exit_if_output_lost(self) -> None:
        """Exit with OUTPUT_LOST if the output could not be written: a lost token is of no use."""
        lost = getattr(self.stdout, "lost", None) or flush(sys.stdout)
        if lost:
            self.stderr.write(f"The output could not be written: {lost.strerror or lost}. {self.done}".rstrip())
            sys.exit(OUTPUT_LOST)


def _refuse_half_characters(options: dict[str, Any]) -> None:
    """Raise CommandError for an argument that is not UTF-8: a database cannot store it."""
    for name, value in options.items():
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, str | Path) and any("\ud800" <= letter <= "\udfff" for letter in str(each)):
                shown = str(each).encode("utf-8", "backslashreplace").decode()
                raise CommandError(
                    f"The value of {name.replace('_', '-')} is not UTF-8 text: {shown}. Nothing was changed."
                )


# ---- A command's output: coloured on terminals only, and without errors that would stop the work halfway.


Style = Callable[[str], str]


class Output(OutputWrapper):
    """`lost` is the first error of writing, except a closed pipe (`| head`): that is no loss.

    `usual` is the default style; `forced` colours the output even if it is no terminal.
    """

    def __init__(self, out: Any, *, forced: bool = False, usual: Style = str) -> None:
        super().__init__(out)
        self.forced, self.usual = forced, usual
        self.lost: OSError | None = None

    def write(self, msg: str = "", style_func: Style | None = None, ending: str | None = None) -> None:  # type: ignore[override]
        style = (style_func or self.usual) if self.forced or self.isatty() else str
        try:
            super().write(msg, style, ending)
        except BrokenPipeError:
            discard_output(self._out)
        except OSError as error:
            self.lost = self.lost or error
            discard_output(self._out)


# ---- Look-ups for the arguments of commands; each raises CommandError if nothing is found.


def organization_named(slug: str) -> Organization:
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f'There is no organization "{slug}". Make it with: manage.py create_org {slug}')
    return found


def user_named(username: str) -> User:
    found = User.objects.filter(username=username).first()
    if found is None:
        raise CommandError(f'There is no user "{username}". Make one with: manage.py createsuperuser')
    return found


def workspace_ids(texts: list[str]) -> list[UUID]:
    """Ids of workspaces that exist, live or removed."""
    try:
        ids = [UUID(text) for text in texts]
    except ValueError as error:
        raise CommandError(f"Not a workspace id: {error}.") from error
    known = set(Workspace.objects.filter(id__one_of=ids).values_list("id", flat=True))
    unknown = [str(key) for key in ids if key not in known]
    if unknown:
        raise CommandError(f"There is no workspace {', '.join(unknown)}.")
    return ids


def run_named(text: str) -> ImportRun:
    """The run of that number, as `148` or `#148`, or of that id."""
    runs, number = ImportRun.objects.select_related("organization"), text.removeprefix("#")
    if number.isascii() and number.isdigit():
        found = runs.filter(number=int(number)).first() if len(number) <= LONGEST_NUMBER else None
    else:
        found = runs.filter(pk=_run_id(text)).first()
    if found is None:
        raise CommandError(f"There is no run {text}.")
    return found


def _run_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CommandError(f"Neither the number nor the id of a run: {text}.") from error


def shell_actor() -> Actor:
    """The person at the shell, by the name of their system account."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(name=f"{name} (shell)")
