"""The filters beside the timeline: chips of those that are on, and links to those that could be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from audit.models import StructureEvent
from audit.payload import text
from audit.type_filter import GROUPS, is_of
from lib.links import Address, Link
from lib.text import plural
from workspaces.admin.timeline.event_queries import EventPage, Question
from workspaces.admin.timeline.wording import clock, short, stretch

LISTED = 8  # runs and actors

PerMinute = Mapping[datetime, Counter[str]]


def chips(
    question: Question, names: Mapping[str, str], *, address: Address, events: Sequence[StructureEvent]
) -> list[Link]:
    """The filters that are on, each with the address without it."""
    found: list[Link] = []
    if slug := address.state.get("org"):
        found.append(Link(label=f"Organization: {names.get(slug, slug)}", url=address.without("org")))
    if question.span:
        when = stretch(question.span.start, question.span.end)
        found.append(Link(label=when, url=address.without("day", "at", "window")))
    if question.event_type:
        found.append(Link(label=f"Type: {question.event_type}", url=address.without("type")))
    if question.import_id:
        found.append(Link(label=f"Run: {short(question.import_id)}", url=address.without("import_id")))
    if question.actor:
        found.append(Link(label=f"Actor: {question.actor}", url=address.without("actor")))
    if question.workspaces:
        found.append(Link(label=_workspace(question, address, events), url=address.without("workspace", "below")))
    return found


def _workspace(question: Question, address: Address, events: Sequence[StructureEvent]) -> str:
    """The text of the filter; for an id the name, if an event has it."""
    asked, below = address.state.get("workspace", ""), len(question.workspaces) - 1
    if asked == str(question.workspaces[0]) and not below:
        asked = next((text(event, "name") for event in events), "") or asked
    if address.state.get("below"):
        return f"Workspace: {asked} with all below, {plural(below + 1, 'workspace')}"
    return f"Workspace: {asked}{f', {below + 1:,} of that name' if below else ''}"


def types(question: Question, page: EventPage, per_minute: PerMinute | None, *, address: Address) -> list[Link]:
    """The types of event with their groups; numbers only of what the present filter lets through."""
    counts, asked = _type_counts(page, per_minute), question.event_type
    links = [Link(label="All", url=address.without("type"), current=not asked)]
    for name in (each for group, names in GROUPS.items() for each in (group, *names)):
        count = None
        if counts is not None and (not asked or is_of(asked, name)):
            count = sum(number for key, number in counts.items() if is_of(name, key))
        links.append(Link(label=name, url=address.but(type=name), count=count, current=name == asked))
    return links


def _type_counts(page: EventPage, per_minute: PerMinute | None) -> Counter[str] | None:
    if per_minute is not None:
        return sum(per_minute.values(), Counter())
    return Counter(event.event_type for event in page.events) if page.is_all else None


def runs(question: Question, page: EventPage, *, address: Address) -> list[Link]:
    """The runs of the events on this page."""
    links = [Link(label="Any", url=address.without("import_id"), current=question.import_id is None)]
    modes = {event.import_id: text(event, "mode") for event in page.events if text(event, "mode")}
    times = {event.import_id: event.created_at for event in page.events if event.import_id}
    counts = Counter(event.import_id for event in page.events if event.import_id)
    for run, count in list(counts.items())[:LISTED]:
        label = " ".join(filter(None, (modes.get(run), clock(times[run], on=times[run]), short(run))))
        number = count if page.is_all else None
        links.append(
            Link(label=label, url=address.but(import_id=str(run)), count=number, current=run == question.import_id)
        )
    return links


def actors(question: Question, page: EventPage, *, address: Address) -> list[Link]:
    """The actors of the events on this page."""
    links = [Link(label="Any", url=address.without("actor"), current=not question.actor)]
    for actor, count in Counter(event.actor for event in page.events).most_common(LISTED):
        number = count if page.is_all else None
        links.append(Link(label=actor, url=address.but(actor=actor), count=number, current=actor == question.actor))
    return links
