"""Look-ups for the arguments of commands; each raises CommandError if nothing is found."""

from __future__ import annotations

import getpass
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from workspaces.models import Organization, Workspace
from workspaces.services.actors import Actor


def organization_named(slug: str) -> Organization:
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f'There is no organization "{slug}". Make it with: manage.py create_org {slug}')
    return found


def user_named(username: str) -> User:
    found = User.objects.filter(username=username).first()
    if found is None:
        raise CommandError(f'There is no user "{username}". Make one with: manage.py createsuperuser')
    return found


def workspace_ids(texts: list[str]) -> list[UUID]:
    """Ids of workspaces that exist, live or removed."""
    try:
        ids = [UUID(text) for text in texts]
    except ValueError as error:
        raise CommandError(f"Not a workspace id: {error}.") from error
    known = set(Workspace.objects.filter(id__one_of=ids).values_list("id", flat=True))
    unknown = [str(key) for key in ids if key not in known]
    if unknown:
        raise CommandError(f"There is no workspace {', '.join(unknown)}.")
    return ids


def shell_actor() -> Actor:
    """The person at the shell, by the name of their system account."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(name=f"{name} (shell)")
