"""The content of config volumes, from the rows: three queries for any number of workspaces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from workspaces.core import filesets
from workspaces.core.containers.config_volume import Config, config_archive
from workspaces.core.template import ScheduleSpec
from workspaces.models import FileSet, Schedule, Workspace

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
