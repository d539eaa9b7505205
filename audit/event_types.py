"""Every type of structure event there is: the one catalogue, which writers, filters, pages and documents read. Pure.

The table keeps events for ever, so a type that was ever written stays here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from audit import event_payloads as of

FAMILIES = ("org.import.*", "org.*", "workspace.*", "security.*")

Payload = TypeVar("Payload", bound=Mapping[str, Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class EventType(Generic[Payload]):
    """A type of event: the counted thing (`noun`), what happened to it (`verb`), its sign and its tone.

    `tone` is a class of the stylesheet: `make`, `update`, `move`, `kill`, `warn`, `open`, or "" for no colour.
    """

    name: str
    payload: type[Payload]
    noun: str = "workspace"
    verb: str = ""
    sign: str = "·"
    tone: str = ""
    frequent: bool = False  # every import writes one for each workspace; found without an index of its type
    ends_run: bool = False
    is_act: bool = False  # without a run it is told as an act
    in_numbers: bool = False  # the sentence about a run accounts for it
    is_bad: bool = False  # marked in the strip of the timeline
    is_known: bool = True  # whether the catalogue has it

    @property
    def family(self) -> str:
        """The narrowest of FAMILIES that it belongs to."""
        return next((each for each in FAMILIES if self.name.startswith(each.removesuffix("*"))), "")


IMPORT_STARTED = EventType(name="org.import.started", payload=of.ImportStarted, noun="import", verb="started", sign="▷")
IMPORT_COMPLETED = EventType(
    name="org.import.completed",
    payload=of.ImportCompleted,
    noun="import",
    verb="completed",
    sign="✓",
    tone="open",
    ends_run=True,
)
IMPORT_FAILED = EventType(
    name="org.import.failed",
    payload=of.ImportFailed,
    noun="import",
    verb="failed",
    sign="×",
    tone="kill",
    ends_run=True,
    is_bad=True,
)
RUN_DISMISSED = EventType(name="org.run.dismissed", payload=of.RunDismissed, noun="failure", verb="dismissed")
ORG_CREATED = EventType(
    name="org.created",
    payload=of.OrganizationCreated,
    noun="organization",
    verb="created",
    sign="+",
    tone="make",
    is_act=True,
)
ORG_CHANGED = EventType(
    name="org.changed", payload=of.OrganizationChanged, noun="organization", verb="changed", sign="~", is_act=True
)
MEMBER_ADDED = EventType(
    name="org.member_added",
    payload=of.MemberChanged,
    noun="member",
    verb="added",
    sign="+",
    tone="warn",
    is_act=True,
)
MEMBER_REMOVED = EventType(
    name="org.member_removed",
    payload=of.MemberChanged,
    noun="member",
    verb="removed",
    sign="-",
    tone="warn",
    is_act=True,
)
WORKSPACE_PROVISIONING = EventType(
    name="workspace.provisioning",
    payload=of.WorkspaceEvent,
    verb="created",
    sign="+",
    tone="make",
    frequent=True,
    is_act=True,
    in_numbers=True,
)
WORKSPACE_ONLINE = EventType(
    name="workspace.online", payload=of.WorkspaceEvent, verb="online", sign="●", frequent=True, in_numbers=True
)
WORKSPACE_FAILED = EventType(
    name="workspace.failed", payload=of.WorkspaceEvent, verb="failed to start", sign="×", tone="kill", is_bad=True
)
WORKSPACE_RESTARTED = EventType(
    name="workspace.restarted",
    payload=of.WorkspaceEvent,
    noun="container",
    verb="started again",
    sign="↻",
    tone="warn",
    is_act=True,
)
WORKSPACE_UPDATED = EventType(
    name="workspace.updated",
    payload=of.WorkspaceUpdated,
    verb="updated",
    sign="~",
    tone="update",
    is_act=True,
    in_numbers=True,
)
WORKSPACE_MOVED = EventType(
    name="workspace.moved",
    payload=of.WorkspaceMoved,
    verb="moved",
    sign=">",
    tone="move",
    is_act=True,
    in_numbers=True,
)
WORKSPACE_CHANGED = EventType(
    name="workspace.changed", payload=of.WorkspaceChanged, verb="changed by hand", sign="~", is_act=True
)
WORKSPACE_REMOVED = EventType(
    name="workspace.removed",
    payload=of.RemovedWorkspace,
    verb="removed",
    sign="-",
    tone="kill",
    is_act=True,
    in_numbers=True,
    is_bad=True,
)
WORKSPACE_RELEASED = EventType(
    name="workspace.released", payload=of.WorkspaceGone, verb="released", sign="✓", tone="make", in_numbers=True
)
WORKSPACE_PURGED = EventType(
    name="workspace.purged",
    payload=of.PurgedData,
    verb="purged of data",
    sign="-",
    tone="kill",
    in_numbers=True,
)
WORKSPACE_RESTORED = EventType(
    name="workspace.restored",
    payload=of.RestoredWorkspace,
    verb="restored",
    sign="^",
    tone="make",
    is_act=True,
    in_numbers=True,
)
WORKSPACE_RELEASE_FAILED = EventType(
    name="workspace.release_failed",
    payload=of.WorkspaceEvent,
    verb="could not be released yet",
    sign="↻",
    tone="warn",
    is_bad=True,
)
STRAY_STOPPED = EventType(
    name="workspace.stopped",
    payload=of.StrayEvent,
    noun="unknown container",
    verb="stopped",
    sign="■",
    tone="warn",
)
LOGIN = EventType(name="security.login", payload=of.Login, noun="login", sign="→")
LOGIN_FAILED = EventType(
    name="security.login_failed",
    payload=of.LoginFailed,
    noun="login",
    verb="failed",
    sign="×",
    tone="warn",
    is_bad=True,
)
TOKEN_CREATED = EventType(name="security.token_created", payload=of.TokenEvent, noun="token", verb="made", sign="+")
TOKEN_FIRST_USED = EventType(
    name="security.token_first_used", payload=of.TokenEvent, noun="token", verb="used for the first time", sign="→"
)
TOKEN_REVOKED = EventType(name="security.token_revoked", payload=of.TokenEvent, noun="token", verb="revoked", sign="-")
DENIED = EventType(
    name="security.denied", payload=of.DeniedAttempt, noun="attempt", verb="refused", sign="×", tone="warn"
)
DATABASE_ACCEPTED = EventType(
    name="security.database_accepted",
    payload=of.DatabaseAccepted,
    noun="database",
    verb="accepted",
    sign="✓",
    tone="warn",
)
USER_CHANGED = EventType(
    name="security.user_changed",
    payload=of.UserChanged,
    noun="change",
    verb="of a user",
    sign="~",
    tone="warn",
    is_act=True,
)
GROUP_CHANGED = EventType(
    name="security.group_changed",
    payload=of.GroupChanged,
    noun="change",
    verb="of a group",
    sign="~",
    tone="warn",
    is_act=True,
)
# No type of its own: a release without an organization is of a container without a row.
STRAY_RELEASED = EventType(
    name=WORKSPACE_RELEASED.name,
    payload=of.StrayEvent,
    noun="unknown container",
    verb="removed",
    sign="-",
    tone="warn",
)

EVENT_TYPES: tuple[EventType[Any], ...] = (
    IMPORT_STARTED,
    IMPORT_COMPLETED,
    IMPORT_FAILED,
    RUN_DISMISSED,
    ORG_CREATED,
    ORG_CHANGED,
    MEMBER_ADDED,
    MEMBER_REMOVED,
    WORKSPACE_PROVISIONING,
    WORKSPACE_ONLINE,
    WORKSPACE_FAILED,
    WORKSPACE_RESTARTED,
    WORKSPACE_UPDATED,
    WORKSPACE_MOVED,
    WORKSPACE_CHANGED,
    WORKSPACE_REMOVED,
    WORKSPACE_RELEASED,
    WORKSPACE_PURGED,
    WORKSPACE_RESTORED,
    WORKSPACE_RELEASE_FAILED,
    STRAY_STOPPED,
    LOGIN,
    LOGIN_FAILED,
    TOKEN_CREATED,
    TOKEN_FIRST_USED,
    TOKEN_REVOKED,
    DENIED,
    DATABASE_ACCEPTED,
    USER_CHANGED,
    GROUP_CHANGED,
)
NAMES = tuple(each.name for each in EVENT_TYPES)
BY_NAME = {each.name: each for each in EVENT_TYPES}

FREQUENT = tuple(each.name for each in EVENT_TYPES if each.frequent)
ENDS = tuple(each.name for each in EVENT_TYPES if each.ends_run)
ACTS = tuple(each.name for each in EVENT_TYPES if each.is_act)
IN_NUMBERS = frozenset(each.name for each in EVENT_TYPES if each.in_numbers)
BAD = frozenset(each.name for each in EVENT_TYPES if each.is_bad)
