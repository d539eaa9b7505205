"""What every command of this project does with what goes wrong: one sentence, and exit status 1."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orgsite.database_errors import explained, trouble_of
from orgsite.starting import refusal
from workspaces.errors import OrgError

INTERRUPTED = 130  # what a shell reports for Ctrl-C


class OrgCommand(BaseCommand):
    """Usage errors end with 1 as all others do: 2 would say "there are changes" to whoever runs a dry run."""

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

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            if getattr(self, "_called_from_command_line", False) and (why := refusal()):
                raise CommandError(why)
            return super().execute(*args, **options)
        except OrgError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped. Nothing was changed.", returncode=INTERRUPTED) from error
        except Exception as error:
            if trouble_of(error) is None:
                raise
            raise CommandError(explained(error)) from error
