"""The timeline's template context: the answer, the strip, the chips, the filters, the rows, each with its links."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin import AdminSite
from django.utils import timezone

from audit.event_types import BAD, IMPORT_COMPLETED, WORKSPACE_REMOVED
from audit.payload import type_of
from audit.type_filter import is_of
from lib.links import Link
from lib.text import plural
from workspaces.admin.timeline import event_queries
from workspaces.admin.timeline.event_queries import EventPage, Question, Span
from workspaces.admin.timeline.grouping import Day, anchor, days_of
from workspaces.admin.timeline.removal_changes import removals_of
from workspaces.admin.timeline.sentences import tell
from workspaces.admin.timeline.timeline_address import TimelineAddress, admin_url
from workspaces.admin.timeline.timeline_filters import PerMinute, actors, chips, runs, types
from workspaces.admin.timeline.timeline_form import FORMATS, QuestionForm
from workspaces.admin.timeline.wording import Part, clock, stretch

BARS = 72  # at most, in the strip; up to 60 minutes have one each
HEIGHTS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A stretch of the strip; without events it has no link."""

    label: str = ""
    url: str = ""
    look: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A piece of a sentence with its link, if it has one."""

    text: str
    strong: bool
    url: str


def shown(form: QuestionForm, *, site: AdminSite) -> dict[str, Any]:
    """The page's own context. A form with errors makes no query and shows the errors."""
    address = TimelineAddress(form.given)
    if not form.is_valid():
        return {"form": form}
    question = form.question()
    page = event_queries.page_of(question)
    removals = [event for event in page.events if type_of(event) is WORKSPACE_REMOVED]
    days = days_of(
        page.events,
        names=form.organizations,
        changes=removals_of({event.workspace_id for event in removals if event.workspace_id}),
        asked=question.minute,
    )
    per_minute = event_queries.per_minute(question) if question.span else None
    told = answer(question, form.organizations, address=address, days=days, site=site)
    return {
        "form": form,
        "question": question,
        "answer": told,
        "bars": bars(question, per_minute, address=address, days=days),
        "ticks": ticks(question.span),
        "chips": chips(question, form.organizations, address=address, events=page.events),
        "zone": zone_name(question.span.start if question.span else None),
        "summary": summary(question, page, per_minute),
        "days": days,
        "empty": None if page.events else empty(question, address=address, answered=bool(told and told["nearest"])),
        "older": address.but(before=min(event.pk for event in page.events)) if page.events and page.older else "",
        "newer": address.but(after=max(event.pk for event in page.events)) if page.events and page.newer else "",
        "first_page": address.but() if question.before is not None or question.after is not None else "",
        "types": types(question, page, per_minute, address=address),
        "runs": runs(question, page, address=address),
        "actors": actors(question, page, address=address),
        "downloads": [Link(label=label, url=address.but(format=key)) for key, label in FORMATS.items()],
    }


def answer(
    question: Question, names: Mapping[str, str], *, address: TimelineAddress, days: Sequence[Day], site: AdminSite
) -> dict[str, Any] | None:
    """The sentences about the wanted minute; if nothing happened in it, the moments around it."""
    if question.minute is None:
        return None
    on_page = {minute.anchor for day in days for minute in day.minutes}
    told = tell(event_queries.facts(question, question.minute), names=names)
    paragraphs = [[_piece(part, address=address, on_page=on_page, site=site) for part in words] for words in told]
    span = Span(start=question.minute, end=question.minute + timedelta(minutes=1))
    nearest = None if told else _nearest(question.about(span), span, address=address)
    narrowed = bool(question.actor or question.import_id or question.workspaces)
    return {
        "at": clock(question.minute, on=question.minute),
        "told": paragraphs,
        "nearest": nearest,
        "narrowed": narrowed,
    }


def bars(
    question: Question, per_minute: PerMinute | None, *, address: TimelineAddress, days: Sequence[Day]
) -> tuple[Bar, ...]:
    """Events over time: heights on a square-root scale, a link each to its minute or stretch of minutes."""
    if not per_minute or question.span is None:
        return ()
    span, on_page = question.span, {minute.anchor for day in days for minute in day.minutes}
    minutes = round((span.end - span.start) / timedelta(minutes=1))
    width = 1 if minutes <= 60 else math.ceil(minutes / BARS)
    stretches: dict[int, Counter[str]] = {}
    starts: dict[int, datetime] = {}
    for minute, counts in sorted(per_minute.items()):
        place = int((minute - span.start) / timedelta(minutes=1)) // width
        stretches.setdefault(place, Counter()).update(counts)
        starts.setdefault(place, minute)
    highest = max(counts.total() for counts in stretches.values())
    asked = int((question.minute - span.start) / timedelta(minutes=1)) // width if question.minute else None
    return tuple(
        _bar(stretches[place], starts[place], highest=highest, asked=place == asked, address=address, on_page=on_page)
        if place in stretches
        else Bar()
        for place in range(math.ceil(minutes / width))
    )


def ticks(span: Span | None) -> list[str]:
    """The times below the strip, at even distances."""
    if span is None:
        return []
    minutes = round((span.end - span.start) / timedelta(minutes=1))
    step = next((step for step in (1, 5, 10, 240) if minutes % step == 0 and minutes // step <= 7), minutes)
    marks = (span.start + timedelta(minutes=passed) for passed in range(0, minutes + 1, step))
    return [clock(mark, on=mark) for mark in marks]


def summary(question: Question, page: EventPage, per_minute: PerMinute | None) -> str:
    """The number of these events, which is known only within a window or if the page has all."""
    here = plural(len(page.events), "event")
    if page.is_all:
        return here
    if per_minute is not None:
        return f"{len(page.events):,} of {sum(counts.total() for counts in per_minute.values()):,} events"
    if question.before is not None or question.after is not None:
        return here
    return f"The {'first' if question.oldest_first else 'latest'} {here}"


def empty(question: Question, *, address: TimelineAddress, answered: bool) -> dict[str, Any]:
    """Words for no rows at all, and where the next ones are, unless the answer above says so."""
    if question.before is not None or question.after is not None:
        return {"words": "No further events."}
    if question.span is None:
        return {"words": "No events match." if address.state else "No events yet."}
    nearest = [] if answered and not question.event_type else _nearest(question, question.span, address=address)
    return {"words": f"No events on {stretch(question.span.start, question.span.end)}.", "nearest": nearest}


def zone_name(at: datetime | None) -> str:
    """The site's zone, with the offset it had then where there is one moment to speak of."""
    name = timezone.get_current_timezone_name()
    if at is None or name == "UTC":
        return name
    offset = f"{timezone.localtime(at):%z}"
    return f"{name} (UTC{offset[:3]}:{offset[3:]})"


def _piece(part: Part, *, address: TimelineAddress, on_page: Collection[str], site: AdminSite) -> Piece:
    url = ""
    if part.run:
        url = admin_url(site, "run", part.run)
    elif part.minute:
        place = anchor(part.minute)
        url = f"#{place}" if place in on_page else address.at(part.minute)
    return Piece(text=part.text, strong=part.strong, url=url)


def _nearest(question: Question, span: Span, *, address: TimelineAddress) -> list[Link]:
    near = event_queries.nearest(question, span)
    moments = [moment for moment in (near.before, near.after) if moment]
    return [Link(label=clock(moment, on=span.start), url=address.at(moment)) for moment in moments]


def _bar(
    counts: Counter[str],
    start: datetime,
    *,
    highest: int,
    asked: bool,
    address: TimelineAddress,
    on_page: Collection[str],
) -> Bar:
    bad = sum(counts[name] for name in BAD)
    height = max(1, round(HEIGHTS * math.sqrt(counts.total() / highest)))
    imports = any(is_of(IMPORT_COMPLETED.family, name) for name in counts)
    looks = [f"ws-h{height}", "bad" if bad else "hot" if imports else ""]
    label = f"{clock(start, on=start)}, {plural(counts.total(), 'event')}"
    place = anchor(start)
    return Bar(
        label=f"{label}, {bad:,} removed or failed" if bad else label,
        url=f"#{place}" if place in on_page else address.at(start),
        look=" ".join(filter(None, (*looks, "at" if asked else ""))),
    )
