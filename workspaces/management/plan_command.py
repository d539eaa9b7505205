"""The base of commands that apply a plan: it is shown, on a terminal a person confirms it, or it is printed as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from lib.terminal import takes_unicode
from workspaces.core.planning.plan_values import Plan
from workspaces.errors import NothingToUndo, PlanChanged, RemovalNotConfirmed
from workspaces.management.command_base import OrgCommand
from workspaces.management.plan_printing import print_plan, questions

CHANGES = 2  # the exit status of a dry run that would change something
REFUSALS = (PlanChanged, RemovalNotConfirmed, NothingToUndo)
PlanRefusal = PlanChanged | RemovalNotConfirmed | NothingToUndo


class PlanCommand(OrgCommand):
    """On a terminal it asks before anything live is disturbed. In a pipe, with `--json` and with `--yes` nobody is
    asked; the guards stay."""

    def add_plan_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing; exits 2 on changes")
        parser.add_argument("--json", action="store_true", help="the answer as JSON; never asks")
        parser.add_argument("--yes", action="store_true", help="do not ask; the guards stay")
        parser.add_argument("--reason", default="", help="kept with the run and in the history")

    def asks(self, options: Mapping[str, Any]) -> bool:
        """Whether a person is there who is to be asked."""
        return not options["json"] and not options["yes"] and self.is_interactive()

    def ask(self, *plans: Plan) -> None:
        """Ask for the numbers of what is disturbed. Raises CommandError if the person does not confirm one."""
        for count, what in questions(*plans):
            self.confirm(count, what)

    def show(self, plan: Plan) -> None:
        print_plan(plan, self.stdout, self.style)

    def show_data(self, answer: object) -> None:
        """Print JSON in UTF-8, or in ASCII if the output has another encoding."""
        self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=not takes_unicode(self.stdout)))

    def refused(self, error: PlanRefusal, *, as_data: bool) -> CommandError:
        """The error to raise, once the plan that was refused is shown."""
        if not as_data:
            self.show(error.plan)
        return CommandError(f"{error}{_how_to_confirm(error)}")


def _how_to_confirm(error: PlanRefusal) -> str:
    """` On the command line: --confirm-removals 3 --confirm-data-loss 2`; "" if no number helps."""
    if not isinstance(error, RemovalNotConfirmed):
        return ""
    numbers = {"--confirm-removals": error.confirm_removals, "--confirm-data-loss": error.confirm_data_loss}
    asked = [f"{option} {number}" for option, number in numbers.items() if number is not None]
    return f" On the command line: {' '.join(asked)}" if asked else ""
