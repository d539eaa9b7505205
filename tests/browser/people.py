"""An `Office` is a new organization with its users for one test, in the database of the running site."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.contrib.auth.models import Group, User
from django.utils import timezone

from lib.bulk import Ids
from lib.sessions import SessionStore
from tests.sites import Site
from tests.trees import Tree, loaded
from workspaces.access import SYSTEM, Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import Node
from workspaces.errors import RemovalNotConfirmed
from workspaces.models import Container, ImportRun, Membership, Organization, Workspace
from workspaces.services.containers.desired_state import want_absent, want_running
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.imports.previews import apply_preview, open_preview, store_preview
from workspaces.services.plans.runs import fail_run, open_run
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.tokens import issue_workspace_token
from workspaces.services.undo.undoing import apply_undo
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import edit_workspace

STILL = ImportOptions(updates=True)  # nothing moves: what stands elsewhere is made anew

_numbers = count(1)


class Office:
    """An organization: its live workspaces, and changes by others while a test has a page open."""

    def __init__(self, site: Site) -> None:
        self.site, self._ask = site, site.database.ask
        self.slug = f"acme-{next(_numbers)}"
        self._organization = self._ask(Organization.objects.create, slug=self.slug, name=f"Acme {self.slug[5:]}")
        self.name = self._organization.name

    def hire(self, name: str, group: str, *, password: str = "") -> User:
        """A member with the group's permissions, who may sign in."""
        return self._ask(self._hire, f"{name}-{self.slug[5:]}", group, password)

    def _hire(self, name: str, group: str, password: str) -> User:
        user = User.objects.create(username=name, is_staff=True)
        # As the site itself stores it: the tests' own settings hash in a way that it does not know.
        user.password = PBKDF2PasswordHasher().encode(password, "salt") if password else make_password(None)
        user.save()
        user.groups.add(Group.objects.get(name=group))
        Membership.objects.create(organization=self._organization, user=user)
        return user

    def admit(self, user: User) -> None:
        """Make a member of somebody hired elsewhere."""
        self._ask(Membership.objects.create, organization=self._organization, user=user)

    # ---- what others do

    def merge(self, tree: Tree, *, by: str = "sam") -> ImportRun:
        return self._ask(apply_import, self._organization, loaded(tree), mode=Mode.MERGE, actor=Actor(name=by)).run

    def reconcile(self, tree: Tree, *, removing: int, by: str = "sam") -> ImportRun:
        details = {"mode": Mode.RECONCILE, "options": STILL, "actor": Actor(name=by), "reason": "tidy up"}
        confirmation = Confirmation(confirm_removals=removing)
        return self._ask(apply_import, self._organization, loaded(tree), **details, confirmation=confirmation).run

    def refuse(self, tree: Tree, *, by: str = "sam") -> None:
        """A reconcile that the removal guard holds back."""
        self._ask(self._refuse, tree, Actor(name=by))

    def _refuse(self, tree: Tree, actor: Actor) -> None:
        with suppress(RemovalNotConfirmed):
            apply_import(self._organization, loaded(tree), mode=Mode.RECONCILE, options=STILL, actor=actor)

    def apply(self, preview: UUID, *, by: User, mode: Mode = Mode.MERGE) -> ImportRun:
        return self._ask(self._apply, preview, by, mode)

    def _apply(self, preview: UUID, by: User, mode: Mode) -> ImportRun:
        return apply_preview(open_preview(preview, user=by), mode=mode, actor=Actor.of(by)).run

    def begin_merge(self, tree: Tree, *, by: str = "sam") -> ImportRun:
        """A run that is still going on."""
        details = {"mode": Mode.MERGE, "actor": Actor(name=by), "reason": ""}
        return self._ask(open_run, self._organization, loaded(tree), **details)

    def fail(self, run: ImportRun, error: str) -> None:
        self._ask(fail_run, run, error)

    def create(self, name: str, *, below: tuple[str, ...] = (), by: str = "sam") -> None:
        node, parent = Node(name=name, path=""), self.workspace(*below).pk if below else None
        self._ask(create_workspace, self._organization, node, parent_id=parent, actor=Actor(name=by))

    def preview(self, tree: Tree, *, by: User, **spec: Any) -> UUID:
        """A stored preview of that tree, where each workspace has that `spec`."""
        return self._ask(store_preview, self._organization, loaded(tree, **spec), user=by).pk

    def describe(self, *path: str, role: str, by: str = "sam") -> None:
        """Change the role of the workspace there: one version more in its history."""
        self._ask(edit_workspace, self.workspace(*path), {"role": role}, actor=Actor(name=by), reason="new role")

    def remove(self, *path: str, by: str = "sam") -> ImportRun:
        self._ask(cascade_delete, [self.workspace(*path).pk], actor=Actor(name=by), reason="no longer needed")
        return self.runs()[0]

    def undo(self, run: ImportRun, *, by: str = "sam") -> ImportRun:
        return self._ask(apply_undo, run, actor=Actor(name=by), reason="a mistake").run

    def give_token(self, *path: str) -> None:
        self._ask(issue_workspace_token, self.workspace(*path), actor=SYSTEM)

    # ---- what workers do, and fail to do

    def stand_behind(self, run: ImportRun, *, error: str = "") -> None:
        """Give each removed workspace of the run a container that is still to go, with what the engine said to it."""
        self._ask(self._stand_behind, run, error)

    def _stand_behind(self, run: ImportRun, error: str) -> None:
        removed = Workspace.objects.filter(organization=self._organization, status="removed")
        now = timezone.now()
        want_running(Ids(row.pk for row in removed), organization=self._organization.pk, import_id=run.pk, now=now)
        want_absent([row.pk for row in removed], data=DataPolicy.WAIT, import_id=run.pk, now=now)
        later = now + timedelta(minutes=1)
        Container.objects.filter(import_id=run.pk).update(last_error=error, attempts=bool(error), due_at=later)

    def leave_data(self, run: ImportRun) -> None:
        """What the run removed had containers, which are gone, and volumes, which wait."""
        self._ask(self._leave_data, run)

    def _leave_data(self, run: ImportRun) -> None:
        removed = Workspace.objects.filter(organization=self._organization, removed_by=run.pk)
        now = timezone.now()
        want_running(Ids(row.pk for row in removed), organization=self._organization.pk, import_id=run.pk, now=now)
        want_absent([row.pk for row in removed], data=DataPolicy.WAIT, import_id=run.pk, now=now)
        Container.objects.filter(import_id=run.pk).update(due_at=None, released_at=now, volume_bytes=5_000_000)

    def destroy_data(self, name: str) -> None:
        """The time of the data of the removed one of that name is over."""
        rows = Container.objects.filter(workspace__name=name, workspace__organization=self._organization)
        self._ask(rows.update, purge_at=None, purged_at=timezone.now())

    def release(self, run: ImportRun) -> None:
        """All that the run's containers held is gone."""
        self._ask(
            Container.objects.filter(import_id=run.pk).update, observed="absent", due_at=None, last_error="", attempts=0
        )

    def due(self, run: ImportRun) -> int:
        """How many of the run's containers a worker would take now."""
        rows = Container.objects.filter(import_id=run.pk)
        return self._ask(lambda: rows.filter(due_at__lte=timezone.now()).count())

    # ---- what there is

    def live(self) -> list[str]:
        return self._ask(lambda: sorted(self._rows().live().values_list("name", flat=True)))

    def workspace(self, *path: str) -> Workspace:
        """The one at the end of that path, the latest where several stood there."""
        return self._ask(self._find, path)

    def _find(self, path: tuple[str, ...]) -> Workspace:
        parent = self._find(path[:-1]) if path[1:] else None
        return self._rows().filter(name=path[-1], parent=parent).latest("created_at")

    def latest_version(self, workspace: Workspace) -> int:
        return self._ask(lambda: workspace.history.latest().pk)

    def latest_event(self) -> int:
        return self._ask(self._latest_event)

    def _latest_event(self) -> int:
        from audit.models import StructureEvent

        return StructureEvent.objects.filter(organization=self.slug).latest("id").pk

    def api_tokens(self, user: User) -> int:
        return self._ask(user.api_tokens.count)

    def runs(self) -> list[ImportRun]:
        """Latest first."""
        return self._ask(
            lambda: list(ImportRun.objects.filter(organization=self._organization).order_by("-started_at"))
        )

    def _rows(self) -> Any:
        return Workspace.objects.filter(organization=self._organization)


def session_of(site: Site, user: User) -> str:
    """The key of a session as that user's login begins it."""
    return site.database.ask(_session, user)


def _session(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key or ""
