"""The payload of each type of event: the keys that a writer gives, and that readers ask for. Pure.

Rows stay for ever, so a key that was ever written keeps its name and its meaning. Readers go through
`audit.payload.payload_as`, which fills in what an older row lacks.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

Row = dict[str, Any]
"""An object in a list: a change has `field`, `from` and `to`."""


class ImportStarted(TypedDict):
    """`dir` is the directory or file, "" for a template that came inline. `undoes` is the id of the run that an undo
    takes back."""

    name: str
    dir: str
    mode: str
    reason: str
    undoes: str | None


class ImportEnd(ImportStarted):
    """The end of any import; a failed one changed nothing, and its counts are 0."""

    created_count: int
    restored_count: int
    reconcile_removed_count: int
    reconcile_errors: list[Row]
    template_sha256: str
    duration_ms: int
    error: str


class ImportCompleted(ImportEnd):
    """`left_running` names a part of the workspaces that `left_running_count` counts; `differs_count` counts matched
    ones that are not what the template says, and were left so."""

    skipped_count: int
    moved_count: int
    updated_count: int
    differs_count: int
    collateral_count: int
    left_running_count: int
    left_running: list[str]
    live_before: int
    live_after: int
    warnings_count: int


class ImportFailed(ImportEnd):
    """`refused`: by a safety check."""

    refused: bool


class RunDismissed(TypedDict):
    name: str
    dir: str
    mode: str
    error: str


class OrganizationCreated(TypedDict):
    name: str
    why: str


class OrganizationChanged(OrganizationCreated):
    changes: list[Row]


class MemberChanged(TypedDict):
    name: str
    user_id: int
    why: str


class WorkspaceEvent(TypedDict):
    """The workspace's place then: `path` has the names from the root, its own last."""

    name: str
    path: list[str]
    parent_id: str | None
    why: str


class WorkspaceChanged(WorkspaceEvent):
    """`reason` is what the person wrote, "" for nothing; `why` is never empty."""

    changes: list[Row]
    reason: str


Ends = TypedDict("Ends", {"from": list[str], "to": list[str]})


class WorkspaceMoved(WorkspaceEvent, Ends):
    """`from` and `to` are paths, the names from the root; `changes` are those of its fields at the same time."""

    from_parent_id: str | None
    to_parent_id: str | None
    changes: list[Row]
    restarts: bool


class WorkspaceUpdated(WorkspaceEvent):
    """By a template. `restarts`: its container is made anew. `drift_left`: the fields that people changed and that stay
    so, `from` what is live, `to` what the template says."""

    changes: list[Row]
    restarts: bool
    drift_left: list[Row]


class WorkspaceGone(WorkspaceEvent):
    keep_volumes: bool


class RemovedWorkspace(WorkspaceGone):
    """`mode` is that of the run: `remove` if a person chose the workspaces, `reconcile` for leftovers of an import."""

    mode: str


class PurgedData(WorkspaceEvent):
    """`bytes`: what the volumes held when they were last measured, None if nobody knows."""

    bytes: int | None


class RestoredWorkspace(WorkspaceEvent):
    """`removed_by` is the run that had removed it; `data_lost`: its volumes were destroyed meanwhile, so it is
    empty."""

    removed_by: str | None
    data_lost: bool


class StrayEvent(WorkspaceEvent):
    """Of a container that belongs to no workspace: `labelled` is the organization that its label names."""

    labelled: str
    volumes: list[str]


class Login(TypedDict):
    name: str
    why: str
    address: str


class LoginFailed(Login):
    """`attempt` counts those of the same name and place within the minute."""

    attempt: int


class DeniedAttempt(Login):
    """`place` is a method and a path."""

    place: str


class TokenEvent(TypedDict):
    """`kind` is `workspace` or `api`; the rest is for API tokens only."""

    kind: str
    token_id: int
    name: str
    why: str
    user: NotRequired[str]
    read_only: NotRequired[bool]
    expires_at: NotRequired[str | None]


class DatabaseAccepted(TypedDict):
    epochs: int
    strays: int


class AccountChanged(TypedDict):
    """`what` is `made`, `changed` or `deleted`."""

    name: str
    what: str
    changes: list[Row]
    why: str


class UserChanged(AccountChanged):
    user_id: int


class GroupChanged(AccountChanged):
    group_id: int
    members_count: int
