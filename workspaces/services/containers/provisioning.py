"""The requirements for a container's start: image, environment with its own access token, configuration, limits."""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from lib.database_clock import database_now
from workspaces.core.containers.lifecycle import Desired
from workspaces.engines.base import Wanted
from workspaces.models import Container, Workspace, WorkspaceToken
from workspaces.services.containers.config_contents import workspace_archives
from workspaces.services.containers.epochs import newest_epoch
from workspaces.services.containers.runtime_settings import image_for, limits_for
from workspaces.services.locking import lock_where_free
from workspaces.services.security.tokens import WORKSPACE_PREFIX, digest


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedStarts:
    """`wanted` can be started; `errors` (id → sentence) cannot be until a setting is changed; `busy` belong to
    organizations that are locked."""

    wanted: dict[UUID, Wanted]
    errors: dict[UUID, str]
    busy: Set[UUID] = frozenset()


def prepare(ids: Collection[UUID]) -> PreparedStarts:
    """Prepare the start of those `ids` that are still to run, with valid tokens.

    Under the organizations' locks: a workspace that is being removed gets no token after its tokens were revoked.
    """
    if not ids:
        return PreparedStarts(wanted={}, errors={})
    epoch = newest_epoch()  # before the transaction: its own events may still be rolled back
    with transaction.atomic():
        rows = Container.objects.filter(workspace__one_of=ids)
        places = dict(rows.values_list("pk", "workspace__organization"))
        free = lock_where_free(places)
        rows = rows.filter(desired=Desired.RUNNING, workspace__one_of=free).select_related("workspace__organization")
        ready = {row.pk: row for row in rows if image_for(row.workspace.runtime)}
        missing = {row.pk: _no_image(row.workspace) for row in rows if row.pk not in ready}
        _make_tokens_valid(ready.values())
        configs = workspace_archives(list(ready))
    return PreparedStarts(
        wanted={key: _wanted(row, configs[key], epoch) for key, row in ready.items()},
        errors=missing,
        busy=places.keys() - free,
    )


def container_token(workspace_id: UUID, generation: int) -> str:
    """The access token in that container's environment. Derived, so that the next worker, after one was killed, starts
    the container with the same one; stored, like all tokens, as its SHA-256 alone."""
    value = f"{workspace_id}/{generation}"
    return WORKSPACE_PREFIX + salted_hmac("workspaces.container", value, algorithm="sha256").hexdigest()


def _make_tokens_valid(rows: Collection[Container]) -> None:
    """Give each one valid token: if it was revoked, or made with another secret key, that of the next generation, so
    that a container running with the old one is replaced. Tokens of earlier containers are revoked; those made by hand
    stay. A fixed number of statements."""
    digests = {row.pk: digest(container_token(row.pk, row.generation)) for row in rows}
    revoked = WorkspaceToken.objects.filter(digest__one_of=digests.values(), revoked_at__isnull=False)
    usable = WorkspaceToken.objects.filter(workspace__one_of=digests, of_container=True, revoked_at=None)
    earlier = {pk: key for pk, key, text in usable.values_list("pk", "workspace_id", "digest") if text != digests[key]}
    stale = {*revoked.values_list("workspace_id", flat=True), *earlier.values()}
    for row in rows:
        row.generation += row.pk in stale
    Container.objects.filter(workspace__one_of=stale).update(generation=F("generation") + 1)
    now = database_now()
    tokens = {row.pk: digest(container_token(row.pk, row.generation)) for row in rows}
    WorkspaceToken.objects.bulk_create(
        [
            WorkspaceToken(workspace_id=key, digest=text, created_at=now, of_container=True)
            for key, text in tokens.items()
        ],
        update_conflicts=True,
        unique_fields=["digest"],
        update_fields=["of_container"],
    )
    WorkspaceToken.objects.filter(pk__one_of=earlier).update(revoked_at=now)


def _wanted(row: Container, config: bytes, epoch: str) -> Wanted:
    workspace = row.workspace
    return Wanted(
        workspace_id=workspace.pk,
        organization=workspace.organization.slug,
        name=workspace.name,
        image=image_for(workspace.runtime),
        environment={
            "ORGSITE_WORKSPACE_ID": str(workspace.pk),
            "ORGSITE_WORKSPACE_TOKEN": container_token(workspace.pk, row.generation),
            "ORGSITE_URL": settings.ORGSITE_URL,
        },
        config=config,
        limits=limits_for(workspace.tier),
        generation=row.generation,
        epoch=epoch,
    )


def _no_image(workspace: Workspace) -> str:
    return f"No image for the runtime “{workspace.runtime}”: add it, or “*”, to ORGSITE_RUNTIME_IMAGES."
