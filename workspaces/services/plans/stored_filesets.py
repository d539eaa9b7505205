"""Contents of templates' folders: stored in the transaction of a row that needs them, deleted after the last one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from lib.bulk import insert_rows
from workspaces.core import filesets
from workspaces.errors import NotFound
from workspaces.models import FileSet, ImportPreview, PreviewFiles


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
