"""`cascade_delete ID… [--yes]`: shows what would go, asks, removes."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workspaces.errors import OrgError
from workspaces.management.lookups import shell_actor, workspace_ids
from workspaces.services.cascading import cascade_delete, preview_cascade


class Command(BaseCommand):
    help = "Remove workspaces with everything live below them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="+", metavar="ID")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--keep-volumes", action="store_true")
        parser.add_argument("--reason", default="", help="kept in the history of each workspace")

    def handle(self, *args: Any, ids: list[str], yes: bool, keep_volumes: bool, reason: str, **options: Any) -> None:
        roots = workspace_ids(ids)
        shown = preview_cascade(roots)
        for row in shown:
            self.stdout.write(f"{'-' if row.root else '!'} {row.organization} › {row.name}  {row.id}")
        if not yes:
            self._ask(len(shown))
        try:
            removed = cascade_delete(
                roots,
                actor=shell_actor(),
                reason=reason,
                keep_volumes=keep_volumes,
                expected=[row.id for row in shown],
            )
        except OrgError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Removed {len(removed)} workspaces.")

    def _ask(self, count: int) -> None:
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to confirm; repeat with --yes. Nothing was changed.")
        if input(f"Type {count}, the number of workspaces to remove: ").strip() != str(count):
            raise CommandError("Not confirmed. Nothing was changed.")
