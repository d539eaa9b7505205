"""The requirements for a container's start: image, environment with its own access token, configuration, limits.

Three queries for the configuration of any number of workspaces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from lib.database_clock import database_now
from workspaces.core import filesets
from workspaces.core.containers.config_volume import Config, config_archive
from workspaces.core.containers.lifecycle import Desired
from workspaces.core.containers.restart_rule import ANY, limits_of_tier
from workspaces.core.template import ScheduleSpec
from workspaces.engines.base import ContainerLimits, Delivery, Wanted
from workspaces.engines.options import limits_of
from workspaces.models import Container, FileSet, Organization, Schedule, Workspace, WorkspaceToken
from workspaces.services.containers.installation import newest_epoch
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
        free = Organization.objects.lock_where_free(places)
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


def prepare_deliveries(ids: Collection[UUID]) -> dict[UUID, Delivery]:
    """The newest configuration of those `ids` that are still to run.

    Without a lock: the numbers are read first, so what is changed meanwhile is delivered once more.
    """
    rows = Container.objects.filter(workspace__one_of=ids, desired=Desired.RUNNING)
    numbers = dict(rows.values_list("pk", "configuration")) if ids else {}
    return {
        key: Delivery(workspace_id=key, config=config, configuration=numbers[key])
        for key, config in (workspace_archives(list(numbers)) if numbers else {}).items()
    }


def container_token(workspace_id: UUID, generation: int) -> str:
    """The access token in that container's environment. Derived, so that the next worker, after one was killed, starts
    the container with the same one; stored, like all tokens, as its SHA-256 alone."""
    value = f"{workspace_id}/{generation}"
    return WORKSPACE_PREFIX + salted_hmac("workspaces.container", value, algorithm="sha256").hexdigest()


def _make_tokens_valid(rows: Collection[Container]) -> None:
    """Give each one valid token. If it was revoked, or the container's was made with another secret key, that is the
    next generation's, so that a container running with the old one is replaced. Tokens of earlier containers are valid
    until the new one runs: the old one runs on while the image is pulled. A fixed number of statements."""
    digests = _digests(rows)
    revoked = WorkspaceToken.objects.filter(digest__one_of=digests.values(), revoked_at__isnull=False)
    stale = {*revoked.values_list("workspace_id", flat=True), *_made_with_another_key(rows)}
    for row in rows:
        row.generation += row.pk in stale
    Container.objects.filter(workspace__one_of=stale).update(generation=F("generation") + 1)
    now = database_now()
    WorkspaceToken.objects.bulk_create(
        [
            WorkspaceToken(workspace_id=key, digest=text, created_at=now, of_container=True)
            for key, text in _digests(rows).items()
        ],
        update_conflicts=True,
        unique_fields=["digest"],
        update_fields=["of_container"],
    )


def _made_with_another_key(rows: Collection[Container]) -> Set[UUID]:
    """The workspaces with usable tokens of containers, none of them of this generation or the last one."""
    usable: defaultdict[UUID, set[str]] = defaultdict(set)
    tokens = WorkspaceToken.objects.filter(workspace__one_of=[row.pk for row in rows], of_container=True)
    for key, text in tokens.filter(revoked_at=None).values_list("workspace_id", "digest"):
        usable[key].add(text)
    present, last = _digests(rows), _digests(rows, back=1)
    return {key for key, texts in usable.items() if texts.isdisjoint((present[key], last[key]))}


def revoke_earlier_tokens(rows: Collection[Container]) -> None:
    """Revoke the tokens of the containers before those that run now. Those made by hand stay. One statement."""
    if rows:
        digests = _digests(rows)
        usable = WorkspaceToken.objects.filter(workspace__one_of=digests, of_container=True, revoked_at=None)
        usable.exclude(digest__one_of=digests.values()).update(revoked_at=database_now())


def _digests(rows: Collection[Container], *, back: int = 0) -> dict[UUID, str]:
    """By workspace the digest of its container's token, or of the one so many generations back."""
    return {row.pk: digest(container_token(row.pk, row.generation - back)) for row in rows}


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
        configuration=row.configuration,
        epoch=epoch,
        node=row.node,
    )


def _no_image(workspace: Workspace) -> str:
    return f"No image for the runtime “{workspace.runtime}”: add it, or “*”, to ORGSITE_RUNTIME_IMAGES."


NOTHING = filesets.FolderFiles(files=())


def workspace_archives(ids: Collection[UUID]) -> dict[UUID, bytes]:
    """By id the tar of each workspace; an unknown id is left out. All of them are in memory at once."""
    rows = list(Workspace.objects.filter(pk__one_of=ids).select_related("organization"))
    schedules, stored = _schedules(ids), _stored({row.files_id for row in rows if row.files_id})
    return {
        row.pk: config_archive(_config(row, schedules.get(row.pk, ())), stored.get(row.files_id or "", NOTHING))
        for row in rows
    }


def stored_files(workspace: Workspace) -> list[tuple[str, int]]:
    """Path and size (bytes) of each file that came with the workspace: one query, none if none came."""
    content = FileSet.objects.values_list("content", flat=True)
    return filesets.tar_listing(bytes(content.get(pk=workspace.files_id))) if workspace.files_id else []


def _config(row: Workspace, schedules: Sequence[ScheduleSpec]) -> Config:
    return Config(
        id=row.pk,
        name=row.name,
        organization=row.organization.slug,
        role=row.role,
        tier=row.tier,
        runtime=row.runtime,
        model=row.model,
        spec=row.spec,
        schedules=tuple(schedules),
    )


def _schedules(ids: Collection[UUID]) -> Mapping[UUID, list[ScheduleSpec]]:
    """By workspace its schedules in the order of their names."""
    found: defaultdict[UUID, list[ScheduleSpec]] = defaultdict(list)
    fields = ("workspace_id", "name", "cron_expr", "timezone", "prompt", "enabled")
    rows = Schedule.objects.filter(workspace__one_of=ids).order_by("name").values_list(*fields)
    for key, *values in rows:
        found[key].append(ScheduleSpec(**dict(zip(fields[1:], values, strict=True))))
    return found


def _stored(digests: Collection[str]) -> dict[str, filesets.FolderFiles]:
    rows = FileSet.objects.filter(pk__one_of=digests).values_list("digest", "content")
    return {digest: filesets.FolderFiles.from_tar(bytes(content)) for digest, content in rows}


# ---- Images of runtimes and limits of tiers, as the settings name them.


def image_for(runtime: str) -> str:
    """The image of a runtime; "" if the settings name none."""
    images: dict[str, str] = settings.ORGSITE_RUNTIME_IMAGES
    return images.get(runtime) or images.get(ANY, "")


def limits_for(tier: int) -> ContainerLimits:
    """The limits of a tier; none if the settings name none."""
    return limits_of(limits_of_tier(settings.ORGSITE_DOCKER_LIMITS, tier))
