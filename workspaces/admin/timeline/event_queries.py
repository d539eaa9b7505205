"""The questions asked of `structure_events`. An answer reads an index or one bounded window, never the whole table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import TruncMinute

from audit.event_payloads import ImportCompleted
from audit.event_types import (
    ACTS,
    ENDS,
    IMPORT_STARTED,
    RUN_DISMISSED,
    STRAY_RELEASED,
    WORKSPACE_PROVISIONING,
    WORKSPACE_RELEASED,
    WORKSPACE_REMOVED,
    WORKSPACE_RESTARTED,
    WORKSPACE_RESTORED,
    EventType,
)
from audit.models import StructureEvent, StructureEventQuerySet
from audit.payload import as_uuid, payload_as, type_named
from audit.type_filter import has_index
from workspaces.admin.timeline.sentences import SentenceFacts

IMPORTS = (IMPORT_STARTED.name, *ENDS)
PAGE = 500  # events on a page
CHUNK = 2_000  # events read at a time for a download
TOLD = 40  # runs of one minute with a paragraph each
SHOWN_BY_HAND = 500  # events of one minute that are told as acts, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch of time: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """The events to find. `organizations` are slugs, None for all; `event_type` is exact or ends in `.*`.

    `minute` is the start of the minute to explain; `before` and `after` are ids, to read on from a page.
    """

    organizations: tuple[str, ...] | None
    span: Span | None = None
    minute: datetime | None = None
    event_type: str = ""
    import_id: UUID | None = None
    actor: str = ""
    workspaces: tuple[UUID, ...] = ()
    oldest_first: bool = False
    before: int | None = None
    after: int | None = None

    @property
    def by_index(self) -> bool:
        """Whether an index has the wanted events in their order."""
        one = self.organizations is not None and len(self.organizations) == 1
        return one or bool(self.import_id) or len(self.workspaces) == 1 or has_index(self.event_type)

    def about(self, span: Span | None) -> Question:
        """The same question about another time and every type of event."""
        return replace(self, span=span, event_type="", before=None, after=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPage:
    """One page of events in the wanted order, and whether there are more on either side."""

    events: tuple[StructureEvent, ...]
    older: bool
    newer: bool

    @property
    def is_all(self) -> bool:
        return not self.older and not self.newer


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearest:
    """The times of the last event before, and the first event after, an empty stretch of time."""

    before: datetime | None
    after: datetime | None


def matching(question: Question) -> StructureEventQuerySet:
    """The wanted events, in no order."""
    rows = StructureEvent.objects.all().order_by()
    if question.organizations is not None:
        rows = rows.filter(organization__in=question.organizations)
    if question.span:
        rows = rows.filter(created_at__gte=question.span.start, created_at__lt=question.span.end)
    if question.event_type:
        rows = rows.of_type(question.event_type)
    if question.import_id:
        rows = rows.filter(import_id=question.import_id)
    if len(question.workspaces) == 1:
        rows = rows.filter(workspace_id=question.workspaces[0])
    elif question.workspaces:
        rows = rows.filter(workspace_id__one_of=question.workspaces)
    return rows.filter(actor=question.actor) if question.actor else rows


def page_of(question: Question) -> EventPage:
    """The page after or before a known id, or the first one; if that misses the wanted minute, the one from there.

    At most three queries, whatever the number of events.
    """
    page, minute = _read(question), question.minute
    if minute is None or page.is_all or question.before is not None or question.after is not None:
        return page
    end = minute + timedelta(minutes=1)
    if any(minute <= event.created_at < end for event in page.events):
        return page
    if question.oldest_first:
        earlier = matching(question).filter(created_at__lt=minute).order_by("-created_at", "-id")
        return _read(replace(question, after=earlier.values_list("id", flat=True).first()))
    later = matching(question).filter(created_at__gte=end).order_by("created_at", "id")
    return _read(replace(question, before=later.values_list("id", flat=True).first()))


def _read(question: Question) -> EventPage:
    reads_on = question.before is not None or question.after is not None
    forwards = question.after is not None if reads_on else question.oldest_first
    rows = _beyond(matching(question), before=question.before, after=question.after)
    found = list(
        rows.first_of(PAGE + 1, latest=not forwards, by_index=question.by_index, of_a_while=question.span is not None)
    )
    more, found = len(found) > PAGE, found[:PAGE]
    return EventPage(
        events=tuple(sorted(found, key=_moment, reverse=not question.oldest_first)),
        older=question.after is not None if forwards else more,
        newer=more if forwards else question.before is not None,
    )


def nearest(question: Question, span: Span) -> Nearest:
    """The moments around an empty span."""
    times = matching(replace(question, span=None)).values_list("created_at", flat=True)
    return Nearest(
        before=times.filter(created_at__lt=span.start).order_by("-created_at").first(),
        after=times.filter(created_at__gte=span.end).order_by("created_at").first(),
    )


def per_minute(question: Question) -> dict[datetime, Counter[str]]:
    """Minute → type → number of events, within the question's span."""
    rows = matching(question).annotate(minute=TruncMinute("created_at")).values_list("minute", "event_type")
    counts: dict[datetime, Counter[str]] = {}
    for minute, event_type, count in rows.annotate(count=Count("id")):
        counts.setdefault(minute, Counter())[event_type] = count
    return counts


def facts(question: Question, minute: datetime) -> SentenceFacts:
    """The facts for the sentences about one minute: the question's filters, but every type of event."""
    rows = matching(question.about(Span(start=minute, end=minute + timedelta(minutes=1))))
    runs = tuple(rows.filter(event_type__in=IMPORTS).order_by("id")[:TOLD])
    acts = Q(import_id=None, event_type__in=ACTS) | Q(event_type=RUN_DISMISSED.name)
    acts |= Q(event_type=WORKSPACE_REMOVED.name, payload__mode="remove")  # a run of its own, without a template
    told = [event.import_id for event in runs]
    acts |= Q(event_type=WORKSPACE_RESTORED.name) & ~Q(import_id__in=told)  # the same, of a restore
    by_hand = rows.filter(acts).order_by("id")[:SHOWN_BY_HAND]
    return SentenceFacts(
        minute=minute,
        runs=runs,
        by_hand=tuple(by_hand),
        counts=_counts(rows),
        ends=_ends_elsewhere(runs),
        removed_later=_removed_later(runs),
    )


def _counts(rows: StructureEventQuerySet) -> Counter[tuple[EventType[Any], UUID | None]]:
    """Type and run → how many; what one name says of two things is counted apart, as `type_of` tells it apart."""
    again = Count("id", filter=Q(event_type=WORKSPACE_PROVISIONING.name, import_id=None, payload__again=True))
    strays = Count("id", filter=Q(event_type=WORKSPACE_RELEASED.name, organization=""))
    counts: Counter[tuple[EventType[Any], UUID | None]] = Counter()
    kinds = rows.values_list("event_type", "import_id")
    for name, run, count, restarted, gone in kinds.annotate(count=Count("id"), again=again, strays=strays):
        counts[WORKSPACE_RESTARTED, run] += restarted
        counts[STRAY_RELEASED, run] += gone
        counts[type_named(name), run] += count - restarted - gone
    return counts


def in_chunks(question: Question) -> Iterator[list[StructureEvent]]:
    """All wanted events as of now: rows written during the download are left out."""
    latest = StructureEvent.objects.order_by("-id").values_list("id", flat=True).first()
    rows = matching(question).filter(id__lte=latest or 0).order_by("id" if question.oldest_first else "-id")
    chunk = list(rows[:CHUNK])
    while chunk:
        yield chunk
        last = chunk[-1].pk
        rest = _beyond(rows, after=last) if question.oldest_first else _beyond(rows, before=last)
        chunk = list(rest[:CHUNK])


def _beyond(
    rows: StructureEventQuerySet, *, before: int | None = None, after: int | None = None
) -> StructureEventQuerySet:
    rows = rows if before is None else rows.filter(id__lt=before)
    return rows if after is None else rows.filter(id__gt=after)


def _moment(event: StructureEvent) -> tuple[datetime, int]:
    return event.created_at, event.pk


def _ends_elsewhere(runs: Sequence[StructureEvent]) -> tuple[StructureEvent, ...]:
    """The ends of the runs that began in the minute and ended in another."""
    begun = {event.import_id for event in runs if event.event_type == IMPORT_STARTED.name}
    still_open = begun - {event.import_id for event in runs if event.event_type in ENDS}
    if not still_open:
        return ()
    ends = StructureEvent.objects.filter(import_id__in=still_open, event_type__in=ENDS)
    return tuple(ends.order_by("id"))


def _removed_later(runs: Sequence[StructureEvent]) -> tuple[StructureEvent, ...]:
    """The removals of what the runs left running."""
    named = (each for event in runs for each in payload_as(event, ImportCompleted)["left_running"])
    left = frozenset(key for each in named if (key := as_uuid(each)))
    if not left:
        return ()
    return tuple(
        StructureEvent.objects.filter(workspace_id__one_of=left, event_type=WORKSPACE_REMOVED.name).order_by("id")
    )
