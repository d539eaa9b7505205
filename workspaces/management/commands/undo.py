"""`undo RUN [--dry-run] [--json] [--yes] [--confirm-removals N] [--confirm-data-loss N]`: take back what a run did.

On a terminal it shows the plan and asks before anything goes, moves, restarts or comes back empty. Exit statuses are
those of `import_org`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.management.base import CommandParser

from workspaces.core.planning.policy import require
from workspaces.core.planning.render import summary
from workspaces.management.command_base import run_named, shell_actor
from workspaces.management.plan_command import CHANGES, REFUSALS, PlanCommand
from workspaces.models import ImportRun
from workspaces.services.undo.undoing import (
    UndoConfirmation,
    apply_undo,
    check_shown,
    preview_undo,
    undo_answer,
    undone_answer,
    why_refused,
)
from workspaces.services.verdicts import judge


class Command(PlanCommand):
    help = "Undo a run (an import, a removal or an undo): all of it that can be taken back, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="RUN", help="its number, as pages show it, or its id")
        self.add_plan_arguments(parser)
        parser.add_argument("--confirm-removals", type=int, metavar="N", help="the exact number, for the removal guard")
        parser.add_argument(
            "--confirm-data-loss", type=int, metavar="N", help="the exact number of those that come back empty"
        )
        parser.add_argument("--fingerprint", help="apply only if the plan is still this one")

    def handle(self, *args: Any, run: str, **options: Any) -> None:
        wanted = run_named(run)
        try:
            if options["dry_run"]:
                self._preview(wanted, as_data=options["json"])
            else:
                self._apply(wanted, options)
        except REFUSALS as error:
            raise self.refused(error, as_data=options["json"]) from error

    def _preview(self, run: ImportRun, *, as_data: bool) -> None:
        plan = preview_undo(run)
        if as_data:
            self.show_data(undo_answer(plan))
        else:
            self.show(plan)
            if why := why_refused(plan, run):
                self.stdout.write(why)
        if plan.operations:
            sys.exit(CHANGES)

    def _apply(self, run: ImportRun, options: Mapping[str, Any]) -> None:
        given = UndoConfirmation(
            fingerprint=options["fingerprint"],
            confirm_removals=options["confirm_removals"],
            confirm_data_loss=options["confirm_data_loss"],
        )
        asks = self.asks(options)
        if asks:
            given = self._confirmed(run, given)
        undone = apply_undo(run, actor=shell_actor(), reason=options["reason"], confirmation=given)
        self.done = f"Undone by run {undone.run.number}."
        if options["json"]:
            self.show_data(undone_answer(undone))
        elif asks:
            self.stdout.write(summary(undone.plan))
        else:
            self.show(undone.plan)
        self.stderr.write(self.done, self.style.SUCCESS)

    def _confirmed(self, run: ImportRun, given: UndoConfirmation) -> UndoConfirmation:
        """Show the plan and ask, unless it is refused anyway; the confirmation of exactly this plan.

        Raises PlanChanged, NothingToUndo, RemovalNotConfirmed, and CommandError if the person does not confirm.
        """
        plan = preview_undo(run)
        check_shown(plan, given.fingerprint, organization=run.organization, undoes=run)
        require(judge(plan), plan, confirmed=given.confirm_removals, data_loss=given.confirm_data_loss)
        self.show(plan)
        self.ask(plan)
        return replace(given, fingerprint=plan.fingerprint)
