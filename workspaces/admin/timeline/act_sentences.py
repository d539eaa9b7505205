"""Acts of people and of the worker → sentences: what was made, changed or removed by hand, and who got which power.

Pure, like `workspaces.admin.timeline.sentences`, which has those of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from audit.event_payloads import (
    AccountChanged,
    MemberChanged,
    OrganizationChanged,
    RestoredWorkspace,
    Row,
    WorkspaceChanged,
    WorkspaceEvent,
)
from audit.event_types import (
    GROUP_CHANGED,
    MEMBER_ADDED,
    MEMBER_REMOVED,
    ORG_CHANGED,
    ORG_CREATED,
    RUN_DISMISSED,
    USER_CHANGED,
    WORKSPACE_CHANGED,
    WORKSPACE_PROVISIONING,
    WORKSPACE_REMOVED,
    WORKSPACE_RESTARTED,
    WORKSPACE_RESTORED,
    EventType,
)
from audit.models import StructureEvent
from audit.payload import parent_of, payload_as, type_of, workspace_name
from lib.text import listed, plural
from workspaces.admin.timeline.wording import Part, short
from workspaces.core.changes import as_sentence, value_as_text

UNSAID = {"", "deleted", "by hand"}  # default reasons
# told in one sentence of all
OF_MANY = (WORKSPACE_PROVISIONING, WORKSPACE_REMOVED, WORKSPACE_RESTARTED, WORKSPACE_RESTORED)
QUALITIES = ("staff", "superuser", "active")  # of a user: true ones are named, without a value


def acts_of(events: Iterable[StructureEvent]) -> Iterator[tuple[StructureEvent, ...]]:
    """Events that one actor caused in one go: they share moment, type, organization, actor and meaning."""

    def act(event: StructureEvent) -> tuple[Any, ...]:
        kind = type_of(event)
        reason = _why(event) if kind is WORKSPACE_RESTARTED else ""
        single = 0 if kind in OF_MANY else event.pk or id(event)
        return event.created_at, kind.name, event.organization, event.actor, reason, single

    for _, same in groupby(sorted(events, key=act), key=act):
        yield tuple(same)


def sentence_of(act: Sequence[StructureEvent], where: str) -> tuple[Part, ...]:
    """The act in a sentence; `where` is its organization's name."""
    return tuple(_SENTENCES[type_of(act[0])](act, where))


def _made_or_removed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    removed = type_of(act[0]) is WORKSPACE_REMOVED
    yield from _with_below(act, "removed" if removed else "created")
    yield Part(text=f" {'from' if removed else 'in'} {where} by hand.")
    reasons = {_why(event) for event in _topmost(act)} - UNSAID
    if len(reasons) == 1:
        yield from reason_given(reasons.pop())


def _restored(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield from _with_below(act, "restored")
    lost = sum(payload_as(event, RestoredWorkspace)["data_lost"] for event in act)
    of = f" of {lost:,} of them" if lost < len(act) else ""
    yield Part(text=f" in {where}{f', without the data{of}, which had been destroyed' if lost else ''}.")


def _with_below(act: Sequence[StructureEvent], verb: str) -> Iterator[Part]:
    """`alice removed PM and 2 workspaces below it`"""
    topmost = _topmost(act)
    yield Part(text=act[0].actor, strong=True)
    yield Part(text=f" {verb} ")
    yield Part(text=listed([workspace_name(event) for event in topmost]), strong=True)
    if below := len(act) - len(topmost):
        yield Part(text=" and ")
        yield Part(text=plural(below, "workspace"), strong=True)
        yield Part(text=" below it" if len(topmost) == 1 else " below them")


def _topmost(act: Sequence[StructureEvent]) -> list[StructureEvent]:
    """The events of workspaces whose parent is not among them."""
    every = {event.workspace_id for event in act}
    return [event for event in act if parent_of(event) not in every]


def _why(event: StructureEvent) -> str:
    return payload_as(event, WorkspaceEvent)["why"]


def _restarted(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield Part(text=act[0].actor, strong=True)
    yield Part(text=" starts a container for " if len(act) == 1 else " starts a container each for ")
    yield Part(text=listed([workspace_name(event) for event in act]), strong=True)
    yield Part(text=f" in {where}, because {_why(act[0]) or 'there is none'}.")


def _workspace_changed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    event, facts = act[0], payload_as(act[0], WorkspaceChanged)
    yield from _did(event, "changed", workspace_name(event))
    yield Part(text=f" in {where}: {as_sentence(facts['changes'])}.")
    yield from reason_given(facts["reason"])


def _account(act: Sequence[StructureEvent], _where: str) -> Iterator[Part]:
    """A user or a group: made, changed or deleted."""
    event, facts = act[0], payload_as(act[0], AccountChanged)
    what, thing = facts["what"], "user" if type_of(event) is USER_CHANGED else "group"
    if what == "changed" and facts["name"] == event.actor and thing == "user":
        yield Part(text=event.actor, strong=True)
        yield Part(text=" changed their own user")
    else:
        yield from _did(event, f"{what or 'changed'} the {thing}", facts["name"])
    changes = facts["changes"]
    told = _qualities(changes) if what == "made" else as_sentence(changes) if what != "deleted" else ""
    yield Part(text=f": {told}." if told else ".")


def _qualities(changes: Iterable[Row]) -> str:
    """The powers of a new user or group: `staff, superuser; groups: Operator`."""
    given = {str(row.get("field")): row.get("to") for row in changes}
    named = ", ".join(name for name in QUALITIES if given.get(name) is True and name != "active")
    lists = [f"{name}: {value_as_text(given[name])}" for name in ("groups", "permissions") if given.get(name)]
    return "; ".join(filter(None, (named, *lists)))


def _member_added(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield from _did(act[0], "made", payload_as(act[0], MemberChanged)["name"])
    yield Part(text=f" a member of {where}.")


def _member_removed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    facts = payload_as(act[0], MemberChanged)
    yield from _did(act[0], "ended the membership of", facts["name"])
    because = "" if facts["why"] in UNSAID else f", because {facts['why']}"
    yield Part(text=f" in {where}{because}.")


def _org_created(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield from _did(act[0], "created the organization", payload_as(act[0], OrganizationChanged)["name"] or where)
    yield Part(text=".")


def _org_changed(act: Sequence[StructureEvent], where: str) -> Iterator[Part]:
    yield from _did(act[0], "changed the organization", where)
    yield Part(text=f": {as_sentence(payload_as(act[0], OrganizationChanged)['changes'])}.")


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


_SENTENCES: dict[EventType[Any], Callable[[Sequence[StructureEvent], str], Iterator[Part]]] = {
    WORKSPACE_PROVISIONING: _made_or_removed,
    WORKSPACE_REMOVED: _made_or_removed,
    WORKSPACE_RESTARTED: _restarted,
    WORKSPACE_RESTORED: _restored,
    WORKSPACE_CHANGED: _workspace_changed,
    USER_CHANGED: _account,
    GROUP_CHANGED: _account,
    MEMBER_ADDED: _member_added,
    MEMBER_REMOVED: _member_removed,
    ORG_CREATED: _org_created,
    ORG_CHANGED: _org_changed,
    RUN_DISMISSED: _run_dismissed,
}
