"""Applied plans as they are stored: the template as it was read, its files, and that it was applied.

A template is kept while its run is the newest of its organization and lineage, else a month.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from lib.bulk import insert_rows
from lib.database_clock import database_now
from workspaces.core import filesets
from workspaces.core.template import Template
from workspaces.errors import NotFound
from workspaces.models import (
    FileSet,
    ImportPreview,
    ImportRun,
    Organization,
    PreviewFiles,
    RunFiles,
    RunTemplate,
)
from workspaces.models.run import CHANGED
from workspaces.services.expiry import forget

KEPT = timedelta(days=30)
FAST = 1  # zlib's level: a fifth of the size for a tenth of the time
_COMPACT = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def packed(template: Template) -> bytes:
    """The template as it is stored; slow for a large one, so it is done before the lock."""
    return zlib.compress(_COMPACT.encode(template.to_json()).encode(), FAST)


def unpacked(document: bytes) -> Template:
    return Template.from_json(json.loads(zlib.decompress(document)))


def keep_template(run: ImportRun, template: Template, *, document: bytes) -> None:
    """Keep it, inside the import's transaction, after the template's files."""
    kept = RunTemplate.objects.create(run=run, document=document)
    RunFiles.objects.bulk_create(RunFiles(run=kept, files_id=digest) for digest in sorted(template.files()))


def template_of(run: ImportRun) -> Template | None:
    """The template that the run applied; None if it is kept no longer, and for a removal."""
    kept = RunTemplate.objects.filter(pk=run.pk).first()
    return unpacked(bytes(kept.document)) if kept else None


def forget_old_templates() -> int:
    """Forget the templates of runs that are over a month old and not the newest of their lineage; return how many."""
    newer = ImportRun.objects.filter(
        organization=OuterRef("run__organization"),
        template_name=OuterRef("run__template_name"),
        template__isnull=False,
        started_at__gt=OuterRef("run__started_at"),
    )
    old = RunTemplate.objects.filter(run__started_at__lt=database_now() - KEPT)
    return forget(old.filter(Exists(newer)).order_by("run__started_at"))


# ---- Contents of templates' folders: stored in the transaction of a row that needs them, deleted after the last one.


def store_filesets(wanted: Collection[str], *, given: Mapping[str, filesets.FolderFiles], now: datetime) -> None:
    """Store every set of `wanted` (digests), and keep it there until the caller's transaction ends.

    Missing ones are taken from `given`. Raises NotFound if one is in neither: the template is from an expired preview.
    Two statements at most; stored sets are not sent again.
    """
    if not wanted:
        return
    missing = sorted(set(wanted) - FileSet.objects.hold(wanted))
    if not given.keys() >= set(missing):
        raise NotFound("The files of this template are no longer stored. Upload it again.")
    new = [FileSet(digest=digest, content=given[digest].to_tar(), created_at=now) for digest in missing]
    FileSet.objects.bulk_create(new, ignore_conflicts=True)


def keep_for_preview(
    preview: ImportPreview, wanted: Collection[str], *, given: Mapping[str, filesets.FolderFiles]
) -> None:
    """Store every set of `wanted` for as long as the preview exists. Raises NotFound."""
    store_filesets(wanted, given=given, now=preview.created_at)
    insert_rows(PreviewFiles, ("preview", "files"), [(preview.pk, digest) for digest in sorted(wanted)])


def forget_unused_filesets() -> int:
    """Delete the sets that neither a workspace nor a preview needs; return how many.

    First they are locked, without those about to be used; then the need is checked once more, because it may have
    arisen before the lock: under the lock it cannot.
    """
    with transaction.atomic():
        unused = FileSet.objects.unused().select_for_update(skip_locked=True, of=("self",))
        locked = list(unused.values_list("pk", flat=True))
        deleted, _ = FileSet.objects.unused().filter(pk__one_of=locked).only("pk").delete() if locked else (0, {})
    return deleted


# ---- A plan is applied once: the run is stored with its fingerprint and its preview.


CHANGED_SOMETHING = Q(state=ImportRun.State.COMPLETED) & CHANGED


def run_that_applied(organization: Organization, *, fingerprint: str, preview_id: UUID | None = None) -> UUID | None:
    """The run that applied the preview, or that changed something by the plan of that fingerprint; None for neither."""
    if preview_id:
        by_preview = ImportPreview.objects.filter(pk=preview_id).values_list("applied_by", flat=True).first()
        if by_preview:
            return by_preview
    runs = ImportRun.objects.filter(CHANGED_SOMETHING, organization=organization, fingerprint=fingerprint)
    return runs.order_by("-started_at").values_list("pk", flat=True).first()


def note_applied(preview_id: UUID | None, *, run: ImportRun) -> None:
    """Inside the import's transaction: note this run in its preview, if and only if that commits."""
    if preview_id:
        ImportPreview.objects.filter(pk=preview_id).update(applied_by=run)
