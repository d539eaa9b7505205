"""Templates of runs: kept as they were read while a run is the newest of its organization and lineage, else a month."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta

from django.db.models import Exists, OuterRef

from lib.database_clock import database_now
from workspaces.core.template import Template
from workspaces.models import ImportRun, RunFiles, RunTemplate
from workspaces.services.expiry import forget

KEPT = timedelta(days=30)
FAST = 1  # zlib's level: a fifth of the size for a tenth of the time


def packed(template: Template) -> bytes:
    """The template as it is stored; slow for a large one, so it is done before the lock."""
    return zlib.compress(json.dumps(template.to_json()).encode(), FAST)


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
