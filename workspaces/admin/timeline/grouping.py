"""Events → days, minutes and entries, as the timeline shows them. Pure: no query and no clock."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.event_payloads import ImportCompleted, ImportFailed, ImportStarted, WorkspaceUpdated
from audit.event_types import (
    ACTS,
    IMPORT_COMPLETED,
    IMPORT_FAILED,
    WORKSPACE_MOVED,
    WORKSPACE_REMOVED,
    WORKSPACE_UPDATED,
    EventType,
)
from audit.models import StructureEvent
from audit.payload import as_uuid, path_of, payload_as, template_name, text, type_of, workspace_name
from lib.text import plural
from workspaces.admin.shared.field_words import FieldPair, pairs_of
from workspaces.admin.timeline.import_numbers import NumberTile, held_by, signed, tiles_of
from workspaces.admin.timeline.wording import short
from workspaces.core.planning.plan_values import SEPARATOR, Mode

Changes = Mapping[tuple[UUID, UUID | None], tuple[FieldPair, ...]]
"""Workspace and run → the fields that the removal changed."""

FOLD_FROM = 3  # fewer events of a kind stand one by one
OPEN_UP_TO = 20  # removals are listed openly up to this many


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineLine:
    """One workspace of an entry: its place (`PM › Dev Lead`) and why the event happened."""

    workspace_id: UUID | None
    name: str
    above: str
    why: str
    changes: tuple[FieldPair, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One row of the timeline: an event, or a burst of one type and run."""

    events: tuple[StructureEvent, ...]
    lines: tuple[TimelineLine, ...]
    organization: str = ""  # its name, where the page shows several

    @property
    def event(self) -> StructureEvent:
        return self.events[0]

    @property
    def kind(self) -> EventType[Any]:
        """The name and look of this type of event."""
        return type_of(self.event)

    @property
    def is_burst(self) -> bool:
        return len(self.events) > 1

    @property
    def is_open(self) -> bool:
        """Removed workspaces are shown, not folded away, as long as they fit."""
        return self.kind is WORKSPACE_REMOVED and len(self.events) <= OPEN_UP_TO

    @property
    def when(self) -> str:
        """`20:13:04`, or `20:13:04 to 20:13:41`."""
        moments = sorted(timezone.localtime(event.created_at) for event in self.events)
        first, last = f"{moments[0]:%H:%M:%S}", f"{moments[-1]:%H:%M:%S}"
        return first if first == last else f"{first} to {last}"

    @property
    def why(self) -> str:
        """The reason that all of a burst share, shown once."""
        reasons = {line.why for line in self.lines}
        return reasons.pop() if self.is_burst and len(reasons) == 1 else ""

    @property
    def actor(self) -> str:
        actors = {event.actor for event in self.events}
        return self.event.actor if len(actors) == 1 else plural(len(actors), "actor")

    @property
    def run(self) -> str:
        return short(self.event.import_id)

    @property
    def total(self) -> str:
        """`8 workspaces`, or `3 workspaces, 8 times` where events repeat; `8 logins` for other events."""
        if self.kind.noun != "workspace":
            return plural(len(self.events), self.kind.noun)
        workspaces = {event.workspace_id for event in self.events}
        times = "" if len(workspaces) == len(self.events) else f", {len(self.events):,} times"
        return plural(len(workspaces), "workspace") + times

    @property
    def is_import(self) -> bool:
        return self.kind.family == IMPORT_COMPLETED.family

    @property
    def headline(self) -> str:
        """An import's event in one line."""
        event, mode = self.event, payload_as(self.event, ImportStarted)["mode"]
        if self.kind is IMPORT_COMPLETED:
            return f"{mode} done: {signed(event)}"
        of = short(as_uuid(text(event, "undoes"))) if mode == Mode.UNDO else template_name(event)
        what = f"{mode} of {of}" if of else mode
        return f"{what} failed: {payload_as(event, ImportFailed)['error']}" if self.kind is IMPORT_FAILED else what

    @property
    def tiles(self) -> tuple[NumberTile, ...]:
        """The numbers of a completed import."""
        return tiles_of(self.event) if self.kind is IMPORT_COMPLETED else ()

    @property
    def template(self) -> str:
        return template_name(self.event)

    @property
    def sha256(self) -> str:
        digest = payload_as(self.event, ImportCompleted)["template_sha256"]
        return f"{digest[:4]}…{digest[-4:]}" if digest else ""

    @property
    def reason(self) -> str:
        return payload_as(self.event, ImportStarted)["reason"]

    @property
    def held(self) -> list[tuple[str, str]]:
        """Workspaces that were kept although due for removal: name and why."""
        return held_by(self.event)


@dataclass(frozen=True, kw_only=True)
class Minute:
    """A minute in which something happened; `asked`: it is to be explained."""

    start: datetime
    entries: tuple[TimelineEntry, ...]
    asked: bool

    @cached_property
    def count(self) -> int:
        return sum(len(entry.events) for entry in self.entries)

    @property
    def anchor(self) -> str:
        return anchor(self.start)


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day of the site's zone in which something happened."""

    date: date
    minutes: tuple[Minute, ...]

    @cached_property
    def count(self) -> int:
        return sum(minute.count for minute in self.minutes)


def days_of(
    events: Sequence[StructureEvent],
    *,
    names: Mapping[str, str],
    changes: Changes = MappingProxyType({}),
    asked: datetime | None = None,
) -> tuple[Day, ...]:
    """The events in the order given, by day and minute of the site's zone.

    `names` are those of the organizations.
    """
    asked = asked and minute_of(asked)
    slugs = {event.organization for event in events}
    labels = {slug: names.get(slug, slug) for slug in slugs} if len(slugs) > 1 else {}
    minutes = [
        Minute(start=start, entries=_entries(found, labels, changes), asked=start == asked)
        for start, found in groupby(events, key=lambda event: minute_of(event.created_at))
    ]
    return tuple(
        Day(date=date, minutes=tuple(found)) for date, found in groupby(minutes, key=lambda minute: minute.start.date())
    )


def minute_of(moment: datetime) -> datetime:
    """The start of its minute, in the site's zone."""
    return timezone.localtime(moment).replace(second=0, microsecond=0)


def anchor(minute: datetime) -> str:
    """The id of a minute on the page; the hour that a clock change repeats has its own."""
    local = timezone.localtime(minute)
    return f"m-{local:%Y%m%d-%H%M}{'b' if local.fold else ''}"


def _entries(
    events: Iterable[StructureEvent], labels: Mapping[str, str], changes: Changes
) -> tuple[TimelineEntry, ...]:
    bursts: dict[Hashable, list[tuple[int, StructureEvent]]] = {}
    for place, event in enumerate(events):
        bursts.setdefault(_burst(event), []).append((place, event))
    groups: list[list[tuple[int, StructureEvent]]] = []
    for burst in bursts.values():
        groups += [burst] if len(burst) >= FOLD_FROM else [[single] for single in burst]
    groups.sort(key=lambda group: group[0][0])
    return tuple(_entry([event for _, event in group], labels, changes) for group in groups)


def _entry(events: Sequence[StructureEvent], labels: Mapping[str, str], changes: Changes) -> TimelineEntry:
    lines = tuple(_line(event, changes) for event in events)
    return TimelineEntry(events=tuple(events), lines=lines, organization=labels.get(events[0].organization, ""))


def _burst(event: StructureEvent) -> Hashable:
    """Events with the same key are shown together: one type in one run; by hand, one act at one moment."""
    if type_of(event).family.startswith("org."):
        return event.pk
    moment = event.created_at if event.import_id is None and event.event_type in ACTS else None
    return type_of(event), event.organization, event.import_id, moment


def _line(event: StructureEvent, changes: Changes) -> TimelineLine:
    key, gone = event.workspace_id, event.event_type == WORKSPACE_REMOVED.name
    return TimelineLine(
        workspace_id=key,
        name=workspace_name(event),
        above=SEPARATOR.join(path_of(event)[:-1]),
        why=text(event, "why"),
        changes=changes.get((key, event.import_id), ()) if key and gone else _changed_by(event),
    )


def _changed_by(event: StructureEvent) -> tuple[FieldPair, ...]:
    """The fields that an update or a move changed."""
    if type_of(event) not in (WORKSPACE_UPDATED, WORKSPACE_MOVED):
        return ()
    return tuple(pairs_of(payload_as(event, WorkspaceUpdated)["changes"]))
