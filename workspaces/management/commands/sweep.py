"""`manage.py sweep [--dry-run]`: what the engine holds against what should be there."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from workspaces.core.sweeping import Finding
from workspaces.engines.base import Engine
from workspaces.engines.choosing import engine
from workspaces.management.base import OrgCommand
from workspaces.services.installation import installation
from workspaces.services.sweeping import mend, survey, tell_released


class Command(OrgCommand):
    help = "Find containers and volumes without a live workspace, and live workspaces without a container; mend both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Print what was found, and change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        name = installation().name
        containers = engine(name)
        if containers is None:
            raise CommandError("No engine runs here (ORGSITE_ENGINE=none), so there is nothing to sweep.")
        self.stdout.write(f"Installation {name} on {containers.check()}")
        sweep = survey(containers)
        for sign, findings in (("-", sweep.ghosts), ("+", sweep.phantoms)):
            for finding in findings:
                self.stdout.write(f"{sign} {_line(finding)}")
        self.stdout.write(f"Sweep: {len(sweep.ghosts):,} to release, {len(sweep.phantoms):,} to start again.")
        if not options["dry_run"]:
            mend(sweep)
            self._release(sweep.strays, containers)

    def _release(self, strays: tuple[Finding, ...], containers: Engine) -> None:
        """The rest is the worker's."""
        for stray in strays:
            containers.remove(stray.id, keep_volumes=False)
            tell_released([stray])


def _line(finding: Finding) -> str:
    name = f" {finding.known.name}" if finding.known else ""
    return f"ws-{finding.id}{name}: {finding.why}"
