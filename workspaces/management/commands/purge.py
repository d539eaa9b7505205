"""`purge ID… [--yes]` destroys the stored data of removed workspaces; `purge --list` shows all that is stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser

from lib.text import plural
from workspaces.core.names import SEPARATOR
from workspaces.management.command_base import OrgCommand, organization_named, shell_actor, workspace_ids
from workspaces.models import Workspace
from workspaces.services.containers.purging import StoredData, purge_now, stored, stored_data


class Command(OrgCommand):
    help = "Destroy the data of removed workspaces now, whether it waits for its time or is kept for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="ID", help="of a removed workspace; others are left alone")
        parser.add_argument("--list", action="store_true", help="show what is stored, how large and until when")
        parser.add_argument("--org", metavar="SLUG", help="with --list: only of this organization")
        parser.add_argument("--reason", default="", help="kept in the history of each workspace")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, ids: list[str], reason: str, yes: bool, **options: Any) -> None:
        if bool(ids) == options["list"] or (ids and options["org"]):
            raise CommandError("Name workspaces, or ask for --list, with or without --org. Nothing was changed.")
        if options["list"]:
            self._list(options["org"])
            return
        chosen = workspace_ids(ids)
        _refuse_live(chosen)
        shown = stored_data(stored().filter(workspace__one_of=chosen))
        self._show(shown, sign="- ")
        if shown and not yes:
            self._confirm(len(shown))
        gone = purge_now([each.id for each in shown], actor=shell_actor(), reason=reason)
        self.done = f"The data of {plural(len(gone), 'workspace')} is not kept any longer; a worker destroys it."
        self.stdout.write(self.done if shown else "Nothing is stored of them.")

    def _list(self, slug: str | None) -> None:
        rows = stored().filter(organization=organization_named(slug)) if slug else stored()
        found = stored_data(rows)
        self._show(found)
        known = [each.bytes for each in found if each.bytes is not None]
        self.stdout.write(f"{plural(len(found), 'workspace')}, {_size(sum(known) if known else None)}.")

    def _show(self, rows: Sequence[StoredData], *, sign: str = "") -> None:
        for each in rows:
            place = SEPARATOR.join((each.organization, *each.path))
            node = f" on {each.node}" if each.node else ""
            text = f"{sign}{place}  {each.id}  {_size(each.bytes)}{node}, {each.fate}"
            self.stdout.write(text, self.style.ERROR if sign else None)

    def _confirm(self, count: int) -> None:
        if not self.is_interactive():
            raise CommandError("Nobody is there to confirm; repeat with --yes. Nothing was changed.")
        self.confirm(count, "workspaces whose data is destroyed")


def _refuse_live(ids: Collection[Any]) -> None:
    live = Workspace.objects.live().filter(id__one_of=ids).order_by("pk").values_list("pk", flat=True)
    if found := ", ".join(map(str, live)):
        raise CommandError(f"Live, so the data is in use: {found}. Nothing was changed.")


def _size(count: int | None) -> str:
    return "size unknown" if count is None else plural(count, "byte")
