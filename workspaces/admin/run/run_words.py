"""A run in a few words: its heading, its label in a list, and which runs a user may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from workspaces.core.planning.plan_values import IMPORT_MODES, Mode
from workspaces.models import ImportRun, Organization

if TYPE_CHECKING:
    from workspaces.access import AnyUser, Right

NEEDED = ("organization", "undoes", "undone_by")


def latest_runs(user: AnyUser, *, to: Right | None = None) -> QuerySet[ImportRun]:
    """The runs of the organizations the user may see, latest first. Denied without the right `to`."""
    visible = Organization.objects.visible_to(user, to=to)
    return ImportRun.objects.filter(organization__in=visible).select_related(*NEEDED).order_by("-started_at")


def running_in(organization: Organization) -> ImportRun | None:
    """A run of the organization that has not ended."""
    return ImportRun.objects.filter(organization=organization, state=ImportRun.State.RUNNING).first()


def imports(run: ImportRun) -> bool:
    """Whether it applied a template."""
    return run.mode in IMPORT_MODES


def label_of(run: ImportRun) -> str:
    """The template, or the run that was undone."""
    return f"#{run.undoes.number}" if run.undoes else run.source or run.template_name


def deed_of(run: ImportRun) -> str:
    """`merge of dev.yaml`, `undo of #139`, `removal`, `restore`"""
    label = label_of(run)
    if label:
        return f"{run.mode} of {label}"
    return "removal" if run.mode == Mode.REMOVE else "restore" if run.mode == Mode.UNDO else str(run.mode)


def heading_of(run: ImportRun) -> str:
    """`merge team.yaml into`, `remove from`, `undo of #139 in`, `restore in`: the organization's name follows."""
    if run.mode == Mode.REMOVE:
        return "remove from"
    if run.mode == Mode.UNDO:
        return f"undo of {label_of(run)} in" if run.undoes else "restore in"
    return f"{run.mode} {label_of(run)} into"
