"""Acts of people and of the worker → sentences: what was made, changed or removed by hand, and who got which power.

Pure, like `audit.admin.timeline.sentences`, which tells the runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from audit.admin.timeline.wording import Part, short
from audit.models import StructureEvent
from audit.payload import (
    CREATED,
    GROUP_CHANGED,
    MEMBER_ADDED,
    MEMBER_REMOVED,
    ORG_CHANGED,
    ORG_CREATED,
    REMOVED,
    RUN_DISMISSED,
    USER_CHANGED,
    WORKSPACE_CHANGED,
    is_started_again,
    parent_of,
    rows,
    text,
    workspace_name,
)
from lib.text import listed, plural
from workspaces.core.changes import as_sentence, value_as_text

UNSAID = {"", "deleted", "by hand"}  # reasons that nobody gave
QUALITIES = ("staff", "superuser", "active")  # of a user, told by their name alone where they are so


def acts_of(events: Iterable[StructureEvent]) -> Iterator[tuple[StructureEvent, ...]]:
    """Events that one actor caused in one go: they share moment, type, organization, actor, and what they mean."""

    def act(event: StructureEvent) -> tuple[Any, ...]:
        reason = text(event, "why") if is_started_again(event) else ""
        single = 0 if event.event_type in (CREATED, REMOVED) else event.pk or id(event)
        return event.created_at, event.event_type, event.organization, event.actor, reason, single

    for _, same in groupby(sorted(events, key=act), key=act):
        yield tuple(same)


def sentence_of(act: Sequence[StructureEvent], where: str) -> tuple[Part, ...]:
    """The act in a sentence; `where` is what people call its organization."""
    return tuple(_SENTENCES.get(act[0].event_type, _made_or_removed)(act, where))


def _made_or_removed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    if is_started_again(act[0]):
        yield from _started_again(act, where)
        return
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
    reasons = {text(event, "why") for event in chosen} - UNSAID
    if len(reasons) == 1:
        yield from reason_given(reasons.pop())


def _started_again(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield Part(text=act[0].actor, strong=True)
    yield Part(text=" starts a container for " if len(act) == 1 else " starts a container each for ")
    yield Part(text=listed([workspace_name(event) for event in act]), strong=True)
    yield Part(text=f" in {where}, because {text(act[0], 'why') or 'there is none'}.")


def _workspace_changed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    event = act[0]
    yield from _did(event, "changed", workspace_name(event))
    yield Part(text=f" in {where}: {as_sentence(rows(event, 'changes'))}.")
    yield from reason_given(text(event, "reason"))


def _account(act: Sequence[StructureEvent], _where: str) -> Iterator[Part]:
    """A user or a group: made, changed or deleted."""
    event = act[0]
    what, thing = text(event, "what"), "user" if event.event_type == USER_CHANGED else "group"
    if what == "changed" and text(event, "name") == event.actor and thing == "user":
        yield Part(text=event.actor, strong=True)
        yield Part(text=" changed their own user")
    else:
        yield from _did(event, f"{what or 'changed'} the {thing}", text(event, "name"))
    told = _qualities(event) if what == "made" else as_sentence(rows(event, "changes")) if what != "deleted" else ""
    yield Part(text=f": {told}." if told else ".")


def _qualities(event: StructureEvent) -> str:
    """The powers of a new user or group: `staff, superuser; groups: Operator`."""
    given = {str(row.get("field")): row.get("to") for row in rows(event, "changes")}
    named = ", ".join(name for name in QUALITIES if given.get(name) is True and name != "active")
    lists = [f"{name}: {value_as_text(given[name])}" for name in ("groups", "permissions") if given.get(name)]
    return "; ".join(filter(None, (named, *lists)))


def _member_added(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield from _did(act[0], "made", text(act[0], "name"))
    yield Part(text=f" a member of {where}.")


def _member_removed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield from _did(act[0], "ended the membership of", text(act[0], "name"))
    why = text(act[0], "why")
    yield Part(text=f" in {where}{f', because {why}' if why not in UNSAID else ''}.")


def _org_created(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield from _did(act[0], "created the organization", text(act[0], "name") or where)
    yield Part(text=".")


def _org_changed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield from _did(act[0], "changed the organization", where)
    yield Part(text=f": {as_sentence(rows(act[0], 'changes'))}.")


def _run_dismissed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    event = act[0]
    yield Part(text=event.actor, strong=True)
    yield Part(text=" dismissed the failure of ")
    yield Part(text=short(event.import_id) or "a run", run=event.import_id)
    yield Part(text=f" in {where}.")


def _did(event: StructureEvent, verb: str, whom: str) -> Iterator[Part]:
    yield Part(text=event.actor, strong=True)
    yield Part(text=f" {verb} ")
    yield Part(text=whom or "somebody", strong=True)


def reason_given(why: str) -> Iterator[Part]:
    if why:
        yield Part(text=f" Reason given: “{why}”.")


_SENTENCES: dict[str, Callable[[Sequence[StructureEvent], str], Iterator[Part]]] = {
    WORKSPACE_CHANGED: _workspace_changed,
    USER_CHANGED: _account,
    GROUP_CHANGED: _account,
    MEMBER_ADDED: _member_added,
    MEMBER_REMOVED: _member_removed,
    ORG_CREATED: _org_created,
    ORG_CHANGED: _org_changed,
    RUN_DISMISSED: _run_dismissed,
}
