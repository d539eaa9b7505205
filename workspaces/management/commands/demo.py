"""`demo`: the accident, the repair that keeps the older workspaces, an evening of moves, and a removal that somebody
regrets, with real rows in this database.
"""

from __future__ import annotations

import secrets
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from audit.event_payloads import ImportCompleted
from audit.event_types import IMPORT_COMPLETED, IMPORT_STARTED
from audit.models import StructureEvent
from audit.payload import payload_as, type_of, workspace_name
from workspaces.core.plan_words import signed_counts
from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.planning.render import summary
from workspaces.management.command_base import OrgCommand, shell_actor
from workspaces.management.plan_printing import print_plan
from workspaces.models import Container, Organization, Workspace
from workspaces.services.imports.importing import Confirmation, apply_import, preview_import
from workspaces.services.imports.previews import store_preview
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.accounts import create_organization, make_superuser, set_password
from workspaces.services.templates.loader import LoadedTemplate, shell_loader
from workspaces.services.undo.undoing import UndoConfirmation, apply_undo, preview_undo
from workspaces.services.workspace.editing import edit_workspace

MERGE, RECONCILE = Mode.MERGE, Mode.RECONCILE
OLDEST = ImportOptions.of(RECONCILE, prefer=Prefer.OLDEST)
EXAMPLES = Path(settings.BASE_DIR) / "examples"
USERNAME, EMAIL = "demo", "demo@orgsite.invalid"  # the address marks a user as made by this command


class Command(OrgCommand):
    help = (
        "Tell the story of a re-imported template in the organization `demo`, leave the organization `accident` as it "
        "is before the repair, and make a login to look around."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--site", default="http://127.0.0.1:8000", metavar="ADDRESS", help="where the site answers")

    def handle(self, *args: Any, site: str, **options: Any) -> None:
        self.done = "Parts of the story may be told already; another demo begins anew."
        organization = _organization("demo", "Demo")
        self._begin(organization)
        before, after = (shell_loader().path(EXAMPLES / name) for name in ("dev-tree-before", "dev-tree-after"))
        first = StructureEvent.objects.order_by("id").last()
        self._import("1. The tree as it was declared first.", organization, before, MERGE)
        self._import("2. Its shape changed; somebody merges it again: the accident.", organization, after, MERGE)
        shown = self._preview(
            "3. What a reconcile would do that keeps the older ones, which hold the data.", organization, after, OLDEST
        )
        self._import(
            "4. Reconcile: the older ones move, the young doubles go.",
            organization,
            after,
            RECONCILE,
            shown=shown,
            options=OLDEST,
        )
        shown = self._preview("5. Another evening: the tree takes its first shape again.", organization, before)
        self._import("6. Reconcile: two move, nobody goes.", organization, before, RECONCILE, shown=shown)
        self._import("7. The same again: nothing left to do.", organization, before, RECONCILE)
        self._regret(organization)
        self._events(organization, after_id=first.pk if first else 0)
        self._show_login(self._accident(before, after), after, site=site.rstrip("/"))

    def _begin(self, organization: Organization) -> None:
        """Remove the tree of an earlier demo, with the product's own services."""
        for workspace in Workspace.objects.live().filter(organization=organization, protected=True):
            edit_workspace(workspace, {"protected": False}, actor=shell_actor(), reason="the demo starts again")
        roots = Workspace.objects.live().filter(organization=organization, parent=None).values_list("id", flat=True)
        if removed := cascade_delete(list(roots), actor=shell_actor(), reason="the demo starts again").doomed:
            self.stdout.write(f"Removed {len(removed)} workspaces of the last demo in {organization.slug}.\n")

    def _import(
        self,
        title: str,
        organization: Organization,
        loaded: LoadedTemplate,
        mode: Mode,
        *,
        shown: Plan | None = None,
        options: ImportOptions | None = None,
    ) -> None:
        """Apply the template; `shown` is the previewed plan, which is confirmed with its number of removals."""
        self._title(title)
        confirmation = Confirmation()
        if shown:
            confirmation = Confirmation(fingerprint=shown.fingerprint, confirm_removals=len(shown.removals))
        plan = apply_import(
            organization, loaded, mode=mode, options=options, actor=shell_actor(), reason="demo",
            confirmation=confirmation,
        ).plan  # fmt: skip
        live = Workspace.objects.live().filter(organization=organization).count()
        self.stdout.write(f"{mode} {loaded.source}/  {summary(plan)}")
        if plan.left_running:
            names = ", ".join(row.name for row in plan.left_running)
            self.stdout.write(f"  left running, although the template has them elsewhere: {names}")
        self.stdout.write(f"  live workspaces: {plan.live_before} → {live}")

    def _preview(
        self, title: str, organization: Organization, loaded: LoadedTemplate, options: ImportOptions | None = None
    ) -> Plan:
        self._title(title)
        plan = preview_import(organization, loaded.template, mode=RECONCILE, options=options)
        print_plan(plan, self.stdout, self.style)
        return plan

    def _regret(self, organization: Organization) -> None:
        """Remove the largest tree, as a person may by mistake, and take it back."""
        roots = Workspace.objects.live().filter(organization=organization, parent=None).order_by("created_at")
        self._title("8. Somebody removes a whole tree, by mistake.")
        removal = cascade_delete(list(roots.values_list("id", flat=True)), actor=shell_actor(), reason="a mistake")
        run = removal.runs[0]
        self.stdout.write(f"run #{run.number} removed {len(removal.doomed)}: {_until(removal.doomed[0].id)}")
        self._title(f"9. Regret: undo {run.number}.")
        shown = preview_undo(run)
        print_plan(shown, self.stdout, self.style)
        agreed = UndoConfirmation(fingerprint=shown.fingerprint, confirm_removals=len(shown.removals))
        undone = apply_undo(run, actor=shell_actor(), reason="it was a mistake", confirmation=agreed)
        live = Workspace.objects.live().filter(organization=organization).count()
        self.stdout.write(f"run #{undone.run.number} restored {len(undone.plan.restored)}; live workspaces: {live}")

    def _events(self, organization: Organization, *, after_id: int) -> None:
        self._title("10. What happened? The events of these minutes (table structure_events):")
        events = StructureEvent.objects.filter(organization=organization.slug, pk__gt=after_id).order_by("id")
        self.stdout.write(f"{'time':<10}{'event':<26}{'count':>5}  what")
        for (kind, _), group in groupby(events, key=lambda event: (event.event_type, event.import_id)):
            burst = list(group)
            self.stdout.write(f"{burst[0].created_at:%H:%M:%S}  {kind:<26}{len(burst):>5}  {_what(burst)}")

    def _accident(self, before: LoadedTemplate, after: LoadedTemplate) -> Organization:
        """An organization in the state after the accident, for a person to repair."""
        organization = _organization("accident", "Accident")
        self._begin(organization)
        self._import("11. The same accident in another organization, which stays so.", organization, before, MERGE)
        self._import("   (its second merge)", organization, after, MERGE)
        return organization

    def _show_login(self, organization: Organization, after: LoadedTemplate, *, site: str) -> None:
        self._title("To see it in a browser")
        user, password = _login()
        preview = store_preview(organization, after, user=user)
        live = Workspace.objects.live().filter(organization=organization).count()
        declared = f"the template declares {after.template.count()}"
        self.stdout.write(f"  {live} workspaces are online in {organization.name}, and {declared}. Both ways out:")
        self.stdout.write(f"  {site}/admin/import/{preview.pk}/")
        if password:
            self.stdout.write(f"  Log in as {USERNAME} with the password {password}; another demo makes another one.")
        else:
            self.stdout.write(f"  Log in as yourself: the user {USERNAME} is not of the demo's making.")
        self.stdout.write("  `make run` starts the site where it does not run yet.\n\n")

    def _title(self, text: str) -> None:
        self.stdout.write(f"\n{self.style.MIGRATE_HEADING(text)}")


def _organization(slug: str, name: str) -> Organization:
    found = Organization.objects.filter(slug=slug).first()
    return found or create_organization(slug, name=name, actor=shell_actor())


def _login() -> tuple[User, str]:
    """The demo's user with a new password, because only the hash of the last one is stored; with "" if somebody else
    made a user of that name."""
    password = secrets.token_hex(8)
    user = User.objects.filter(username=USERNAME).first()
    if user is None:
        return make_superuser(USERNAME, email=EMAIL, password=password, actor=shell_actor()), password
    if user.email != EMAIL:
        return user, ""
    set_password(user, password, actor=shell_actor())
    return user, password


def _until(key: UUID) -> str:
    """The fate of the data of a removed workspace."""
    container = Container.objects.filter(pk=key).first()
    if container is None:
        return "there are no containers here, and no data to lose"
    return f"their data waits until {container.purge_at:%d %B}" if container.purge_at else "their data goes at once"


def _what(burst: list[StructureEvent]) -> str:
    kind, facts = type_of(burst[0]), payload_as(burst[0], ImportCompleted)
    if kind is IMPORT_COMPLETED:
        counts = signed_counts(
            created=facts["created_count"],
            kept=facts["skipped_count"] - facts["moved_count"] - facts["updated_count"],
            updated=facts["updated_count"],
            moved=facts["moved_count"],
            removed=facts["reconcile_removed_count"],
            restored=facts["restored_count"],
        )
        return f"{facts['mode']}: {counts}, live {facts['live_before']} → {facts['live_after']}"
    if kind is IMPORT_STARTED:
        return f"{facts['mode']} of {facts['dir']}" if facts["dir"] else facts["mode"]
    names = ", ".join(workspace_name(event) for event in burst[:3])
    return names + (f" and {len(burst) - 3} more" if len(burst) > 3 else "")
