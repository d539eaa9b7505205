"""Events → sentences. Pure: no query and no clock; the facts are passed in as `SentenceFacts`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from audit.event_payloads import ImportCompleted, ImportFailed, ImportStarted
from audit.event_types import (
    ENDS,
    EVENT_TYPES,
    IMPORT_COMPLETED,
    IMPORT_FAILED,
    IMPORT_STARTED,
    STRAY_RELEASED,
    EventType,
)
from audit.models import StructureEvent
from audit.payload import as_uuid, payload_as, template_name, type_of
from lib.text import listed, plural
from workspaces.admin.timeline.act_sentences import acts_of, reason_given, sentence_of
from workspaces.admin.timeline.wording import Part, Sentence, clock, short
from workspaces.core.planning.plan_values import Mode

SYSTEM, INTERRUPTED = "system", "interrupted"  # who closes what a killed process left open, and with which error
UNDID, TRIED, BEGAN, CLOSED = "undid", "tried to undo", "began to undo", "closed the undo of"
# an undo of no run restores chosen workspaces
RESTORING = {UNDID: "restored", TRIED: "tried to restore", BEGAN: "began to restore", CLOSED: "closed the restore of"}
NAMED = 5  # later acts that a sentence follows


@dataclass(frozen=True, kw_only=True, slots=True)
class SentenceFacts:
    """The facts about one minute: its own events (`runs`, `by_hand`, `counts`) and what followed from them elsewhere.

    `counts` has the number of events by type, as `type_of` tells it, and run. Of the runs that began here, `ends` has
    the ends in another minute, and `removed_later` the removals of workspaces they left running.
    """

    minute: datetime
    runs: tuple[StructureEvent, ...] = ()
    by_hand: tuple[StructureEvent, ...] = ()
    counts: Mapping[tuple[EventType[Any], UUID | None], int]
    ends: tuple[StructureEvent, ...] = ()
    removed_later: tuple[StructureEvent, ...] = ()


def tell(facts: SentenceFacts, *, names: Mapping[str, str]) -> tuple[Sentence, ...]:
    """A paragraph for each act of that minute; none if nothing happened. `names`: organizations by slug."""
    ended = {event.import_id for event in facts.runs if event.event_type in ENDS}
    told: list[Sentence] = []
    for event in facts.runs:
        where = names.get(event.organization, event.organization)
        if event.event_type == IMPORT_COMPLETED.name:
            told.append(tuple(_completed(event, where, facts)))
        elif event.event_type == IMPORT_FAILED.name:
            told.append(tuple(_failed(event, where)))
        elif event.import_id not in ended:
            told.append(tuple(_started(event, where, facts)))
    told += [sentence_of(act, names.get(act[0].organization, act[0].organization)) for act in acts_of(facts.by_hand)]
    return (*told, *_besides(facts, told_runs=ended))


def _completed(event: StructureEvent, where: str, facts: SentenceFacts) -> Iterator[Part]:
    yield from _did(event, where, "applied", undo=UNDID)
    yield Part(text=". ")
    facts_of_run = payload_as(event, ImportCompleted)
    yield from _changes(facts_of_run)
    left = facts_of_run["left_running_count"]
    if left:
        yield Part(text=" ")
        yield Part(text=plural(left, "duplicate"), strong=True)
        yield Part(text=" was left running" if left == 1 else " were left running")
        yield from _afterwards(event, facts)
    held = [f"{row.get('name')} ({row.get('error')})" for row in facts_of_run["reconcile_errors"]]
    if held:
        yield Part(text=f" Kept although due for removal: {listed(held)}.")
    yield from reason_given(facts_of_run["reason"])


def _did(event: StructureEvent, where: str, verb: str, *, undo: str) -> Iterator[Part]:
    """`alice applied merge of dev.yaml to Acme (run …)`, `alice undid run … in Acme (run …)`"""
    facts = payload_as(event, ImportStarted)
    yield Part(text=event.actor, strong=True)
    if facts["mode"] == Mode.UNDO:
        undone = as_uuid(facts["undoes"])
        yield Part(text=f" {undo if undone else RESTORING[undo]} ")
        yield Part(text=short(undone) or "removed workspaces", run=undone)
        yield Part(text=f" in {where} (")
    else:
        yield Part(text=f" {verb} ")
        yield Part(text=facts["mode"] or "an import", strong=True)
        yield Part(text=" of ")
        yield Part(text=template_name(event), strong=True)
        yield Part(text=f" to {where} (")
    yield Part(text=short(event.import_id), run=event.import_id)
    yield Part(text=")")


def _changes(facts: ImportCompleted) -> Iterator[Part]:
    created, removed, restored = facts["created_count"], facts["reconcile_removed_count"], facts["restored_count"]
    updated, moved = facts["updated_count"], facts["moved_count"]
    kept = facts["skipped_count"] - updated - moved
    if not created and not updated and not moved and not removed and not restored:
        yield Part(text=f"It changed nothing: {plural(kept, 'workspace')} kept.")
        return
    undo = facts["mode"] == Mode.UNDO
    made = restored if undo else created
    yield Part(text="It restored " if undo else "It created ")
    yield Part(text=plural(made, "workspace"), strong=made > 0)
    for verb, count in (("updated", updated), ("moved", moved)):
        if count:
            yield Part(text=f", {verb} ")
            yield Part(text=f"{count:,}", strong=True)
    yield Part(text=" and removed " if undo else f", kept {kept:,} and removed ")
    yield Part(text=f"{removed:,}" if removed else "none", strong=removed > 0)
    if collateral := facts["collateral_count"]:
        yield Part(text=", ")
        yield Part(text=f"{collateral:,} of them collateral", strong=True)
    yield Part(text=". Live workspaces went from ")
    yield Part(text=f"{facts['live_before']:,} to {facts['live_after']:,}", strong=True)
    yield Part(text=".")


def _afterwards(event: StructureEvent, facts: SentenceFacts) -> Iterator[Part]:
    """The later removals of the run's duplicates."""
    left = payload_as(event, ImportCompleted)["left_running_count"]
    for first, count in _removals_after(event, facts)[:NAMED]:
        if count == left:
            yield Part(text="; it was removed at " if left == 1 else "; they were removed at ")
        else:
            yield Part(text=f"; {plural(count, 'workspace')} with these names removed at ")
        yield Part(text=clock(first.created_at, on=facts.minute), minute=first.created_at)
        yield Part(text=" by ")
        yield Part(text=short(first.import_id) or first.actor, run=first.import_id)
    yield Part(text=".")


def _removals_after(event: StructureEvent, facts: SentenceFacts) -> list[tuple[StructureEvent, int]]:
    """The first event of each later act that removed duplicates, and how many it removed."""
    named = {as_uuid(each) for each in payload_as(event, ImportCompleted)["left_running"]}
    gone = [row for row in facts.removed_later if row.workspace_id in named and row.pk > event.pk]
    acts = [tuple(act) for _, act in groupby(gone, key=lambda row: (row.import_id, row.actor, row.created_at))]
    return [(act[0], len(act)) for act in acts]


def _failed(event: StructureEvent, where: str) -> Iterator[Part]:
    facts = payload_as(event, ImportFailed)
    closed = event.actor == SYSTEM and facts["error"] == INTERRUPTED
    if closed:
        yield from _did(event, where, "closed", undo=CLOSED)
    else:
        yield from _did(event, where, "tried to apply", undo=TRIED)
    yield Part(text=" as failed: " if closed else ". It was refused: " if facts["refused"] else ". It failed: ")
    error = (facts["error"] or "no error was recorded").rstrip(". ")
    yield Part(text=error, strong=True)
    yield Part(text="." if "Nothing was changed" in error else ". Nothing was changed.")


def _started(event: StructureEvent, where: str, facts: SentenceFacts) -> Iterator[Part]:
    yield from _did(event, where, "started", undo=BEGAN)
    end = next((row for row in facts.ends if row.import_id == event.import_id), None)
    if end is None:
        yield Part(text="; it has not ended yet.")
        return
    yield Part(text="; it completed at " if end.event_type == IMPORT_COMPLETED.name else "; it failed at ")
    yield Part(text=clock(end.created_at, on=facts.minute), minute=end.created_at)
    yield Part(text=".")


def _besides(facts: SentenceFacts, *, told_runs: Collection[UUID | None]) -> Iterator[Sentence]:
    """The rest, in no paragraph yet: agents that came online, releases, events beyond those read."""
    imports = -sum(event.event_type in ENDS for event in facts.runs)
    rest = dict.fromkeys((*EVENT_TYPES, STRAY_RELEASED), 0)
    for (kind, run), count in facts.counts.items():
        if kind.ends_run:
            imports += count
        elif kind is not IMPORT_STARTED and not (run and run in told_runs and kind.in_numbers):
            rest[kind] = rest.get(kind, 0) + count
    for event in facts.by_hand:
        rest[type_of(event)] -= 1
    told = [f"{plural(imports, 'more import')} ended"] if imports > 0 else []
    told += [_how_many(kind, count) for kind, count in rest.items() if count > 0]
    if told:
        before = "Besides: " if facts.runs or facts.by_hand else ""
        yield (Part(text=f"{before}{', '.join(told)}."),)


def _how_many(kind: EventType[Any], count: int) -> str:
    return f"{plural(count, kind.noun)} {kind.verb}".strip() if kind.is_known else f"{count:,} × {kind.name}"
