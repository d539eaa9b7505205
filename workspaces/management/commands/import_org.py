"""`import_org PATH [--org SLUG] [--mode merge|reconcile] [--dry-run] [--json] [--confirm-removals N]`

With `--dry-run` the exit status is 0 for no change, 2 for changes, 1 for an error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from workspaces.core.checks import MissingFiles
from workspaces.core.notices import brief
from workspaces.core.plan import Mode, Plan, parse_mode
from workspaces.core.render import as_text
from workspaces.errors import RemovalNotConfirmed, TemplateInvalid
from workspaces.management.base import OrgCommand
from workspaces.management.lookups import organization_named, shell_actor
from workspaces.models import Organization
from workspaces.services.answers import applied_answer, preview_answer
from workspaces.services.importing import Confirmation, apply_import, preview_import
from workspaces.services.sources import LoadedTemplate
from workspaces.services.templates import from_path

CHANGES = 2


class Command(OrgCommand):
    help = "Import an org template: a directory with org.yaml, a .zip of one, or a .yaml, .yml or .json file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--org", default="default", metavar="SLUG")
        parser.add_argument("--mode", default="merge", help="merge (default) or reconcile")
        parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing; exits 2 on changes")
        parser.add_argument("--json", action="store_true", help="the answer as JSON")
        parser.add_argument("--confirm-removals", type=int, metavar="N", help="the exact number, for the removal guard")
        parser.add_argument("--fingerprint", help="apply only if the plan is still this one")
        parser.add_argument(
            "--missing-files",
            choices=[each.value for each in MissingFiles],
            default=MissingFiles.ERROR.value,
            help="what a prompt file that does not exist is (default: an error)",
        )
        parser.add_argument("--reason", default="", help="kept with the run and in the history")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mode, organization = parse_mode(options["mode"]), organization_named(options["org"])
            self._say(f"Reading {options['path']} …")
            loaded = from_path(options["path"], missing=MissingFiles(options["missing_files"]))
            self._say(f"Comparing {loaded.template.count():,} declared workspaces with {organization.slug} …")
            if options["dry_run"]:
                self._preview(organization, loaded, mode=mode, as_data=options["json"])
            else:
                self._apply(organization, loaded, mode=mode, options=options)
        except TemplateInvalid as error:
            raise CommandError("\n".join([str(error), *map(str, error.problems)])) from error
        except RemovalNotConfirmed as error:
            hint = f"{error} On the command line: --confirm-removals {error.confirm_removals}"
            raise CommandError(f"{as_text(error.plan)}\n{hint}") from error

    def _preview(self, organization: Organization, loaded: LoadedTemplate, *, mode: Mode, as_data: bool) -> None:
        plan = preview_import(organization, loaded.template, mode=mode)
        answer = preview_answer(plan)
        self._print(plan, answer if as_data else None)
        if answer["guard"] and not as_data:
            self.stdout.write(answer["guard"]["message"])
        if not plan.changes_nothing:
            sys.exit(CHANGES)

    def _apply(self, organization: Organization, loaded: LoadedTemplate, *, mode: Mode, options: Any) -> None:
        applied = apply_import(
            organization,
            loaded,
            mode=mode,
            actor=shell_actor(),
            reason=options["reason"],
            confirmation=Confirmation(fingerprint=options["fingerprint"], confirm_removals=options["confirm_removals"]),
        )
        self._print(applied.plan, applied_answer(applied) if options["json"] else None)
        self.stderr.write(self.style.SUCCESS(f"Applied as run {applied.run.pk}."))

    def _say(self, progress: str) -> None:
        """To a person who waits, not into a pipe."""
        if self.stderr.isatty():
            self.stderr.write(self.style.NOTICE(progress))

    def _print(self, plan: Plan, answer: dict[str, Any] | None) -> None:
        if answer is not None:
            self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False))
            return
        for warning in plan.warnings:
            self.stderr.write(f"warning: {brief(warning)}")
        self.stdout.write(as_text(plan))
