"""`restore ID… [--dry-run] [--json] [--yes] [--confirm-data-loss N]`: removed workspaces live again.

Each comes back with what went with it; all of it happens in one transaction, over any organizations. On a terminal it
shows the plans and asks before anything comes back empty. Exit statuses are those of `import_org`.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from lib.text import listed
from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.render import summary
from workspaces.management.command_base import shell_actor, workspace_ids
from workspaces.management.plan_command import CHANGES, REFUSALS, PlanCommand
from workspaces.models import Organization
from workspaces.services.undo.restores import ShownRestore, apply_restores, preview_restores, require_together
from workspaces.services.undo.undoing import nothing_to_undo, undo_answer, undone_answer, why_refused


class Command(PlanCommand):
    help = "Restore removed workspaces with what went with them, in all their organizations or in none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="+", metavar="ID", help="of a removed workspace")
        self.add_plan_arguments(parser)
        parser.add_argument(
            "--confirm-data-loss", type=int, metavar="N", help="the exact number of those that come back empty"
        )

    def handle(self, *args: Any, ids: list[str], **options: Any) -> None:
        chosen = workspace_ids(ids)
        try:
            if options["dry_run"]:
                self._preview(chosen, as_data=options["json"])
            else:
                self._apply(chosen, options)
        except REFUSALS as error:
            raise self.refused(error, as_data=options["json"]) from error

    def _preview(self, ids: Collection[UUID], *, as_data: bool) -> None:
        shown = preview_restores(ids)
        if as_data:
            self.show_data([_of(each.organization, undo_answer(each.plan)) for each in shown])
        else:
            self._show_each({each.organization: each.plan for each in shown})
            for why in filter(None, (why_refused(each.plan) for each in shown)):
                self.stdout.write(why)
        if any(each.plan.operations for each in shown):
            sys.exit(CHANGES)

    def _apply(self, ids: Collection[UUID], options: Mapping[str, Any]) -> None:
        asks = self.asks(options)
        shown = self._confirmed(ids, data_loss=options["confirm_data_loss"]) if asks else ()
        done = apply_restores(
            ids,
            actor=shell_actor(),
            reason=options["reason"],
            confirm_data_loss=options["confirm_data_loss"],
            shown=shown,
        )
        numbers = listed([str(each.run.number) for each in done])
        self.done = f"Restored by run {numbers}."
        if options["json"]:
            self.show_data([_of(each.run.organization, undone_answer(each)) for each in done])
        elif asks:
            for each in done:
                self.stdout.write(summary(each.plan))
        else:
            self._show_each({each.run.organization: each.plan for each in done})
        self.stderr.write(self.done, self.style.SUCCESS)

    def _confirmed(self, ids: Collection[UUID], *, data_loss: int | None) -> tuple[ShownRestore, ...]:
        """Show the plans and ask, unless they are refused anyway; these plans.

        Raises NothingToUndo, RemovalNotConfirmed, and CommandError if the person does not confirm.
        """
        shown = preview_restores(ids)
        plans = {each.organization: each.plan for each in shown}
        for plan in plans.values():
            if refusal := nothing_to_undo(plan):
                raise refusal
        require_together(list(plans.values()), data_loss=data_loss)
        self._show_each(plans)
        self.ask(*plans.values())
        return shown

    def _show_each(self, plans: Mapping[Organization, Plan]) -> None:
        for organization, plan in plans.items():
            if len(plans) > 1:
                self.stdout.write(f"Organization {organization.slug}:")
            self.show(plan)


def _of(organization: Organization, answer: dict[str, Any]) -> dict[str, Any]:
    return {"organization": organization.slug, **answer}
