"""A plan is applied once: the run is stored with its fingerprint and its preview."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from workspaces.models import ImportPreview, ImportRun, Organization

CHANGED_SOMETHING = Q(state=ImportRun.State.COMPLETED) & (Q(created_count__gt=0) | Q(removed_count__gt=0))


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
