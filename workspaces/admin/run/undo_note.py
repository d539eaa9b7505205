"""The way back of a run, on its page: until when with all its data and what it would do; or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat

from lib.text import listed, sentence
from workspaces.admin.run.run_stages import Stages
from workspaces.admin.shared.data_words import deadline
from workspaces.models import ImportRun
from workspaces.services.removal.left_data import RunData, data_left_by

UNDO, WITHOUT = "Undo this run…", "Undo without the data…"


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoNote:
    """A `lead` in bold, the run that undid it (`by`), the `rest`, and the words of the button, "" for none."""

    lead: str
    by: ImportRun | None = None
    rest: str = ""
    button: str = ""


def undo_note(run: ImportRun, stages: Stages) -> UndoNote | None:
    """None while it runs, and where it ended without having changed anything because something was wrong."""
    if run.state != ImportRun.State.COMPLETED:
        return None
    if run.undone_by:
        return UndoNote(lead="Undone by", by=run.undone_by)
    deeds = _deeds(run)
    if not deeds:
        return UndoNote(lead="Nothing to undo:", rest="this run changed nothing.")
    data = data_left_by(run.pk) if run.removed_count else None
    lead, about, button = _with_data(data) if data and data.total else ("Can be undone.", "", UNDO)
    waits = "Undoing it now takes back what still waits, too." if stages.unsettled else ""
    would = sentence(f"an undo would {listed(deeds, most=len(deeds))}, unless that changed since")
    return UndoNote(lead=lead, rest=" ".join(filter(None, (about, would, waits))), button=button)


def _deeds(run: ImportRun) -> list[str]:
    """In the order of the signs, as the run's own counts have it; its page knows what changed since."""
    made = run.created_count + run.restored_count
    brought = "that it created" if run.created_count else "that it restored"
    counted = (
        (run.removed_count, f"restore {run.removed_count:,}"),
        (run.updated_count, f"put {run.updated_count:,} back as before"),
        (run.moved_count, f"move {run.moved_count:,} back"),
        (made, f"remove the {made:,} {brought}"),
    )
    return [words for count, words in counted if count]


def _with_data(data: RunData) -> tuple[str, str, str]:
    """The lead, a sentence, and the button, of a run that removed containers."""
    of = f" ({filesizeformat(data.bytes)})" if data.bytes else ""
    if not data.there:
        if data.destroyed < data.total:
            return "The data of what it removed is being destroyed.", "", WITHOUT
        at_once = " at once" if data.at_once == data.total else ""
        return f"Data destroyed{at_once}, {deadline(data.last)}.", "What it removed can come back, but empty.", WITHOUT
    lost = data.total - data.there
    some = f" The data of {lost:,} of {data.total:,} is destroyed." if lost else ""
    if data.first is None:
        return "Can be undone.", f"The data of what it removed is kept for good{of}.{some}", UNDO
    until = f"Till then the data of what it removed is kept{of}, then it is destroyed.{some}"
    return f"Can be undone with its data until {deadline(data.first)}.", until, UNDO
