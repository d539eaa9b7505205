"""`cascade_delete ID… [--yes]`: shows the workspaces to remove, asks for confirmation, removes them."""

from collections.abc import Collection
from datetime import UTC
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from lib.text import plural
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.names import SEPARATOR
from workspaces.management.command_base import OrgCommand, shell_actor, workspace_ids
from workspaces.models import Workspace
from workspaces.services.removal.cascading import Doomed, cascade_delete, preview_cascade
from workspaces.services.removal.footprint import Total, holdings, total


class Command(OrgCommand):
    help = "Remove workspaces with everything live below them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="+", metavar="ID", help="of a workspace; all live ones below it go, too")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        data = parser.add_mutually_exclusive_group()
        data.add_argument("--keep-volumes", action="store_true", help="never destroy their data, unless by `purge`")
        data.add_argument("--erase", action="store_true", help="destroy their data at once, not after the grace")
        parser.add_argument("--reason", default="", help="kept in the history of each workspace")

    def handle(self, *args: Any, ids: list[str], yes: bool, reason: str, **options: Any) -> None:
        roots = workspace_ids(ids)
        shown = preview_cascade(roots)
        data = DataPolicy.of(keep_volumes=options["keep_volumes"], erase=options["erase"])
        for path in paths_of(shown):
            self.stdout.write(f"- {path}", self.style.ERROR)
        if fate := fate_of(total(holdings([row.id for row in shown]).values()), data):
            self.stdout.write(fate)
        if shown and not yes:
            self._confirm_removal(len(shown))
        removed = cascade_delete(
            roots,
            actor=shell_actor(),
            reason=reason,
            data=data,
            expected=[row.id for row in shown],
        ).doomed
        self.done = f"Removed {plural(len(removed), 'workspace')}."
        self.stdout.write(self.done)

    def _confirm_removal(self, count: int) -> None:
        if not self.is_interactive():
            raise CommandError("Nobody is there to confirm; repeat with --yes. Nothing was changed.")
        self.confirm(count, "workspaces to remove")


def fate_of(held: Total, data: DataPolicy) -> str:
    """`Their data, 1.6 GB in 16 volumes, is kept until Sun 2026-12-06 20:25 UTC, then destroyed.`; "" without any."""
    if not held.volumes:
        return ""
    size = "" if held.bytes is None else f"{filesizeformat(held.bytes)} in ".replace("\xa0", " ")
    fate = "destroyed at once"
    if data is DataPolicy.KEEP:
        fate = "kept until `manage.py purge` destroys it"
    elif data is DataPolicy.WAIT and held.kept_until:
        fate = f"kept until {held.kept_until.astimezone(UTC):%a %Y-%m-%d %H:%M} UTC, then destroyed"
    return f"Their data, {size}{plural(held.volumes, 'volume')}, is {fate}."


def paths_of(doomed: Collection[Doomed]) -> list[str]:
    """`acme › PM › Dev Lead  <id>` for each workspace, in tree order."""
    above = Workspace.objects.names_above([row.id for row in doomed])
    places = sorted((row.organization, *above[row.id], row.name, str(row.id)) for row in doomed)
    return [f"{SEPARATOR.join(place[:-1])}  {place[-1]}" for place in places]
