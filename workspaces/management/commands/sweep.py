"""`manage.py sweep [--dry-run] [--force]`: what the engine holds against what should be there."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from workspaces.core.sweeping import Finding, Sweep
from workspaces.engines.base import Engine
from workspaces.engines.choosing import engine
from workspaces.management.base import OrgCommand
from workspaces.services.installation import installation
from workspaces.services.sweeping import DOUBTFUL, mend, release_strays, survey, tell_released

IN_MEMORY = "The engine in memory is the worker's own; nobody else can look into it."
NONE = "No engine runs here (ORGSITE_ENGINE=none), so there is nothing to sweep."
CHANGES = 2


class Command(OrgCommand):
    help = "Find containers and volumes without a live workspace, and live workspaces without a container; mend both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Print what is found, change nothing; exit status 2 if there is any."
        )
        parser.add_argument(
            "--force", action="store_true", help="Remove even where most of all belongs to no workspace."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ORGSITE_ENGINE == "fake":
            raise CommandError(IN_MEMORY)
        name = installation().name
        containers = engine(name)
        if containers is None:
            raise CommandError(NONE)
        self.stdout.write(f"Installation {name} on {containers.check()}")
        sweep = survey(containers)
        self._print(sweep)
        if options["dry_run"]:
            sys.exit(CHANGES if sweep.ghosts or sweep.phantoms else 0)
        if sweep.doubtful and not options["force"]:
            raise CommandError(DOUBTFUL % (len(sweep.strays), sweep.held))
        mend(sweep)
        self._release(sweep.strays, containers)

    def _print(self, sweep: Sweep) -> None:
        for sign, findings in (("-", sweep.ghosts), ("+", sweep.phantoms)):
            for finding in findings:
                self.stdout.write(f"{sign} {_line(finding)}")
        self.stdout.write(f"Sweep: {len(sweep.ghosts):,} to release, {len(sweep.phantoms):,} to start again.")

    def _release(self, strays: tuple[Finding, ...], containers: Engine) -> None:
        """What belongs to no row; the rest is the worker's."""
        errors = release_strays(strays, engine=containers, grace=timedelta(seconds=settings.ORGSITE_STOP_GRACE))
        tell_released([key for key, error in errors.items() if not error])
        if left := [f"ws-{key}: {error}" for key, error in errors.items() if error]:
            raise CommandError("Not released:\n" + "\n".join(left))


def _line(finding: Finding) -> str:
    name = f" {finding.known.name}" if finding.known else ""
    return f"ws-{finding.id}{name}: {finding.why}"
