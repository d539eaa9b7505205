"""Events → sentences. Pure: no query and no clock; what there is to know is passed in as `Facts`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.models import ENDS, StructureEvent
from audit.reading import (
    COMPLETED,
    CREATED,
    FAILED,
    LOGIN_FAILED,
    REMOVED,
    STARTED,
    ids,
    number,
    parent_of,
    rows,
    template_name,
    text,
    workspace_name,
)

NAMED = 5  # names in a sentence before "and 3 more"
# What a told import accounts for; every other event of the minute is told besides.
OF_AN_IMPORT = frozenset({CREATED, REMOVED, "workspace.online", "workspace.released"})
# Type → what there was so many of, and what happened to it.
BESIDES = {
    CREATED: ("workspace", "created"),
    "workspace.online": ("workspace", "came online"),
    "workspace.failed": ("workspace", "failed to start"),
    REMOVED: ("workspace", "removed"),
    "workspace.released": ("workspace", "released"),
    "workspace.release_failed": ("workspace", "could not be released yet"),
    "workspace.stopped": ("unknown container", "stopped"),
    "security.login": ("login", ""),
    LOGIN_FAILED: ("login", "failed"),
    "security.token_created": ("token", "made"),
    "security.token_first_used": ("token", "used for the first time"),
    "security.token_revoked": ("token", "revoked"),
    "security.denied": ("attempt", "refused"),
    "security.database_accepted": ("database", "accepted"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of a sentence: plain, strong, or a link to a run or a minute."""

    text: str
    strong: bool = False
    run: UUID | None = None
    minute: datetime | None = None


Sentence = tuple[Part, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known about one minute: its own events (`runs`, `by_hand`, `counts`) and what became of them elsewhere.

    `counts` has the number of events by type and run. Of the runs that began here, `ends` tells how they ended in
    another minute, and `removed_later` what happened to the workspaces they left running.
    """

    minute: datetime
    runs: tuple[StructureEvent, ...] = ()
    by_hand: tuple[StructureEvent, ...] = ()
    counts: Mapping[tuple[str, UUID | None], int]
    ends: tuple[StructureEvent, ...] = ()
    removed_later: tuple[StructureEvent, ...] = ()


def tell(facts: Facts, *, names: Mapping[str, str]) -> tuple[Sentence, ...]:
    """What happened in that minute, a paragraph for each act; none when nothing did. `names`: organizations by slug."""
    ended = {event.import_id for event in facts.runs if event.event_type in ENDS}
    told: list[Sentence] = []
    for event in facts.runs:
        where = names.get(event.organization, event.organization)
        if event.event_type == COMPLETED:
            told.append(tuple(_completed(event, where, facts)))
        elif event.event_type == FAILED:
            told.append(tuple(_failed(event, where)))
        elif event.import_id not in ended:
            told.append(tuple(_started(event, where, facts)))
    told += [tuple(_by_hand(act, names.get(act[0].organization, act[0].organization))) for act in _acts(facts.by_hand)]
    return (*told, *_besides(facts, told_runs=ended))


def short(run: UUID | None) -> str:
    """A run's id as people see it."""
    return f"run {run.hex[:8]}" if run else ""


def clock(moment: datetime, *, on: datetime) -> str:
    """HH:MM in the site's zone, with the day where it is not that of `on`."""
    local = timezone.localtime(moment)
    same_day = local.date() == timezone.localtime(on).date()
    return f"{local:%H:%M}" if same_day else f"{local.day} {local:%b %Y %H:%M}"


def stretch(start: datetime, end: datetime) -> str:
    """`12 May 2026`, or `12 May 2026 from 20:10 to 20:35`."""
    local, until = timezone.localtime(start), timezone.localtime(end)
    day = f"{local.day} {local:%b %Y}"
    return day if f"{local:%H:%M}" == f"{until:%H:%M}" == "00:00" else f"{day} from {local:%H:%M} to {until:%H:%M}"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """`A, B and C`; beyond five `A, B, C, D, E and 3 more`."""
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED:,} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _completed(event: StructureEvent, where: str, facts: Facts) -> Iterator[Part]:
    yield Part(text=event.actor, strong=True)
    yield Part(text=" applied ")
    yield from _what(event, where)
    yield Part(text=". ")
    yield from _changes(event)
    left = number(event, "left_running_count")
    if left:
        yield Part(text=" ")
        yield Part(text=plural(left, "duplicate"), strong=True)
        yield Part(text=" was left running" if left == 1 else " were left running")
        yield from _afterwards(event, facts)
    held = [f"{row.get('name')} ({row.get('error')})" for row in rows(event, "reconcile_errors")]
    if held:
        yield Part(text=f" Kept although due for removal: {listed(held)}.")
    yield from _reason(text(event, "reason"))


def _what(event: StructureEvent, where: str) -> Iterator[Part]:
    yield Part(text=text(event, "mode") or "an import", strong=True)
    yield Part(text=" of ")
    yield Part(text=template_name(event), strong=True)
    yield Part(text=f" to {where} (")
    yield Part(text=short(event.import_id), run=event.import_id)
    yield Part(text=")")


def _changes(event: StructureEvent) -> Iterator[Part]:
    created, kept, removed = (
        number(event, key) for key in ("created_count", "skipped_count", "reconcile_removed_count")
    )
    if not created and not removed:
        yield Part(text=f"It changed nothing: {plural(kept, 'workspace')} kept.")
        return
    yield Part(text="It created ")
    yield Part(text=plural(created, "workspace"), strong=created > 0)
    yield Part(text=f", kept {kept:,} and removed ")
    yield Part(text=f"{removed:,}" if removed else "none", strong=removed > 0)
    if collateral := number(event, "collateral_count"):
        yield Part(text=", ")
        yield Part(text=f"{collateral:,} of them collateral", strong=True)
    yield Part(text=". Live workspaces went from ")
    yield Part(text=f"{number(event, 'live_before'):,} to {number(event, 'live_after'):,}", strong=True)
    yield Part(text=".")


def _afterwards(event: StructureEvent, facts: Facts) -> Iterator[Part]:
    """What became of the duplicates that the run names."""
    left = number(event, "left_running_count")
    for first, count in _removals_after(event, facts)[:NAMED]:
        if count == left:
            yield Part(text="; it was removed at " if left == 1 else "; they were removed at ")
        else:
            yield Part(text=f"; {plural(count, 'workspace')} with these names removed at ")
        yield Part(text=clock(first.created_at, on=facts.minute), minute=first.created_at)
        yield Part(text=" by ")
        yield Part(text=short(first.import_id) or first.actor, run=first.import_id)
    yield Part(text=".")


def _removals_after(event: StructureEvent, facts: Facts) -> list[tuple[StructureEvent, int]]:
    """The first event of each later act that removed duplicates, and how many it removed."""
    named = ids(event, "left_running")
    gone = [row for row in facts.removed_later if row.workspace_id in named and row.pk > event.pk]
    acts = [tuple(act) for _, act in groupby(gone, key=lambda row: (row.import_id, row.actor, row.created_at))]
    return [(act[0], len(act)) for act in acts]


def _failed(event: StructureEvent, where: str) -> Iterator[Part]:
    yield Part(text=event.actor, strong=True)
    yield Part(text=" closed " if event.actor == "system" else " tried to apply ")
    yield from _what(event, where)
    yield Part(text=" as failed: " if event.actor == "system" else ". It failed: ")
    error = (text(event, "error") or "no error was recorded").rstrip(". ")
    yield Part(text=error, strong=True)
    yield Part(text="." if "Nothing was changed" in error else ". Nothing was changed.")


def _started(event: StructureEvent, where: str, facts: Facts) -> Iterator[Part]:
    yield Part(text=event.actor, strong=True)
    yield Part(text=" started ")
    yield from _what(event, where)
    end = next((row for row in facts.ends if row.import_id == event.import_id), None)
    if end is None:
        yield Part(text="; it has not ended yet.")
        return
    yield Part(text="; it completed at " if end.event_type == COMPLETED else "; it failed at ")
    yield Part(text=clock(end.created_at, on=facts.minute), minute=end.created_at)
    yield Part(text=".")


def _acts(by_hand: Iterable[StructureEvent]) -> Iterator[tuple[StructureEvent, ...]]:
    """Events that one person caused in one go: they share moment, type, organization and actor."""

    def act(event: StructureEvent) -> tuple[Any, ...]:
        return event.created_at, event.event_type, event.organization, event.actor

    for _, events in groupby(sorted(by_hand, key=act), key=act):
        yield tuple(events)


def _by_hand(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    removed = act[0].event_type == REMOVED
    gone = {event.workspace_id for event in act}
    chosen = [event for event in act if parent_of(event) not in gone]
    yield Part(text=act[0].actor, strong=True)
    yield Part(text=" removed " if removed else " created ")
    yield Part(text=listed([workspace_name(event) for event in chosen]), strong=True)
    if below := len(act) - len(chosen):
        yield Part(text=" and ")
        yield Part(text=plural(below, "workspace"), strong=True)
        yield Part(text=" below it" if len(chosen) == 1 else " below them")
    yield Part(text=f" {'from' if removed else 'in'} {where} by hand.")
    reasons = {text(event, "why") for event in chosen} - {"", "deleted", "by hand"}
    if len(reasons) == 1:
        yield from _reason(reasons.pop())


def _reason(why: str) -> Iterator[Part]:
    if why:
        yield Part(text=f" Reason given: “{why}”.")


def _besides(facts: Facts, *, told_runs: Collection[UUID | None]) -> Iterator[Sentence]:
    """What no paragraph tells yet: agents that came online, releases, more than was read one by one."""
    rest = dict.fromkeys(("imports", *BESIDES), 0)
    for (event_type, run), count in facts.counts.items():
        if event_type in ENDS:
            rest["imports"] += count
        elif event_type != STARTED and not (run and run in told_runs and event_type in OF_AN_IMPORT):
            rest[event_type] = rest.get(event_type, 0) + count
    rest["imports"] -= sum(event.event_type in ENDS for event in facts.runs)
    for event in facts.by_hand:
        rest[event.event_type] -= 1
    told = [_how_many(what, count) for what, count in rest.items() if count > 0]
    if told:
        before = "Besides: " if facts.runs or facts.by_hand else ""
        yield (Part(text=f"{before}{', '.join(told)}."),)


def _how_many(what: str, count: int) -> str:
    if what == "imports":
        return f"{plural(count, 'more import')} ended"
    if what not in BESIDES:
        return f"{count:,} × {what}"
    noun, happened = BESIDES[what]
    return f"{plural(count, noun)} {happened}".strip()
