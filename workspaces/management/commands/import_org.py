"""`import_org PATH [--org SLUG] [--mode merge|reconcile] [--dry-run] [--json] [--yes] [--confirm-removals N]`

On a terminal it shows the plan and asks before it removes, moves or restarts anything. With `--dry-run` the exit status
is 0 for no change, 2 for changes, 1 for an error.
"""

from __future__ import annotations

import sys
from argparse import BooleanOptionalAction
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan import parse_mode
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.planning.policy import require
from workspaces.core.planning.render import summary
from workspaces.core.validating.validation_context import MissingFiles, brief
from workspaces.errors import PlanChanged, TemplateInvalid
from workspaces.management.command_base import organization_named, shell_actor
from workspaces.management.plan_command import CHANGES, REFUSALS, PlanCommand
from workspaces.models import Organization
from workspaces.services.imports.importing import (
    Applied,
    Confirmation,
    applied_answer,
    apply_import,
    preview_answer,
    preview_import,
)
from workspaces.services.templates.loader import LoadedTemplate, shell_loader
from workspaces.services.verdicts import judge


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The import that the arguments ask for."""

    organization: Organization
    loaded: LoadedTemplate
    mode: Mode
    options: ImportOptions
    reason: str

    @property
    def may_disturb(self) -> bool:
        """Whether it may remove, move or restart something."""
        return self.mode is Mode.RECONCILE or self.options.moves or self.options.updates

    def plan(self) -> Plan:
        return preview_import(self.organization, self.loaded.template, mode=self.mode, options=self.options)

    def apply(self, confirmation: Confirmation) -> Applied:
        return apply_import(
            self.organization, self.loaded, mode=self.mode, options=self.options, actor=shell_actor(),
            reason=self.reason, confirmation=confirmation,
        )  # fmt: skip


class Command(PlanCommand):
    help = "Import an org template: a directory with org.yaml, a .zip of one, or a .yaml, .yml or .json file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="of the template: a directory or a file")
        parser.add_argument("--org", default="default", metavar="SLUG", help="the organization (default: default)")
        parser.add_argument("--mode", default="merge", help="merge (default) or reconcile")
        parser.add_argument("--confirm-removals", type=int, metavar="N", help="the exact number, for the removal guard")
        parser.add_argument("--fingerprint", help="apply only if the plan is still this one")
        parser.add_argument(
            "--missing-files",
            choices=[each.value for each in MissingFiles],
            default=MissingFiles.ERROR.value,
            help="what a prompt file that does not exist is (default: an error)",
        )
        self.add_plan_arguments(parser)
        _add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wanted = self._read(options)
            if options["dry_run"]:
                self._preview(wanted.plan(), as_data=options["json"])
            else:
                self._apply(wanted, options)
        except TemplateInvalid as error:
            raise CommandError("\n".join([str(error), *map(str, error.problems)])) from error
        except REFUSALS as error:
            raise self.refused(error, as_data=options["json"]) from error

    def _read(self, options: Mapping[str, Any]) -> Asked:
        mode, organization = parse_mode(options["mode"]), organization_named(options["org"])
        chosen = _options(mode, options)
        self._report(f"Reading {options['path']} …")
        loaded = shell_loader(MissingFiles(options["missing_files"])).path(options["path"])
        self._report(f"Comparing {loaded.template.count():,} declared workspaces with {organization.slug} …")
        reason = options["reason"]
        return Asked(organization=organization, loaded=loaded, mode=mode, options=chosen, reason=reason)

    def _preview(self, plan: Plan, *, as_data: bool) -> None:
        answer = preview_answer(plan)
        if as_data:
            self.show_data(answer)
        else:
            self.show(plan)
            if answer["guard"]:
                self.stdout.write(answer["guard"]["message"])
        if not plan.changes_nothing:
            sys.exit(CHANGES)

    def _apply(self, wanted: Asked, options: Mapping[str, Any]) -> None:
        given = Confirmation(fingerprint=options["fingerprint"], confirm_removals=options["confirm_removals"])
        shown = None
        if wanted.may_disturb and self.asks(options):
            shown = self._confirmed(wanted.plan(), given)
            given = replace(given, fingerprint=shown.fingerprint)
        applied = wanted.apply(given)
        self.done = f"Applied as run {applied.run.pk}."
        if options["json"]:
            self.show_data(applied_answer(applied))
        elif shown:
            self.stdout.write(summary(applied.plan))
        else:
            self.show(applied.plan)
        self.stderr.write(self.done, self.style.SUCCESS)

    def _confirmed(self, plan: Plan, given: Confirmation) -> Plan:
        """Show the plan and ask before any removal, move or restart, unless the plan is refused anyway.

        Raises PlanChanged, RemovalNotConfirmed, and CommandError if the person does not confirm.
        """
        if given.fingerprint and given.fingerprint != plan.fingerprint:
            raise PlanChanged(plan)
        require(judge(plan), plan, confirmed=given.confirm_removals)
        self.show(plan)
        self.ask(plan)
        return plan

    def _report(self, progress: str) -> None:
        """Show progress on a terminal, but not in a pipe."""
        if self.stderr.isatty():
            self.show_progress(progress)

    def show(self, plan: Plan) -> None:
        for warning in plan.warnings:
            self.stderr.write(f"warning: {brief(warning)}", self.style.WARNING)
        super().show(plan)


# ---- what it may do beside its mode


def _add_options(parser: CommandParser) -> None:
    usual = "(default: in reconcile only)"
    parser.add_argument("--moves", action=BooleanOptionalAction, help=f"follow workspaces to new places {usual}")
    parser.add_argument("--updates", action=BooleanOptionalAction, help=f"change what the template changed {usual}")
    parser.add_argument("--retire", action="store_true", help="reconcile also removes what it declared before")
    parser.add_argument("--overwrite", action="store_true", help="reconcile also changes fields that people changed")
    parser.add_argument(
        "--prefer",
        choices=[each.value for each in Prefer],
        default=Prefer.PLACE.value,
        help="the older of two namesakes takes the place, and the younger goes (oldest; with reconcile)",
    )


def _options(mode: Mode, given: Mapping[str, Any]) -> ImportOptions:
    """Raises InvalidOptions."""
    return ImportOptions.of(
        mode, moves=given["moves"], updates=given["updates"], retire=given["retire"], overwrite=given["overwrite"],
        prefer=Prefer(given["prefer"]),
    )  # fmt: skip
