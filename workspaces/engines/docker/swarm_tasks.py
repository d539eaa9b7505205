"""The state of a swarm's service, derived from its tasks: the attempts to run it, each on some node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from workspaces.core.containers.lifecycle import ContainerState
from workspaces.engines.base import FoundContainer
from workspaces.engines.naming import fields_of_labels

ENDED = frozenset({"complete", "shutdown", "failed", "rejected", "remove", "orphaned"})
UNDER_WAY = frozenset({"assigned", "accepted", "preparing", "ready", "starting"})  # on a node, and not running yet

Task = Mapping[str, Any]
Service = Mapping[str, Any]


def found(workspace_id: UUID, *, service: Service, tasks: Iterable[Task], nodes: Mapping[str, str]) -> FoundContainer:
    """The service as a found container. `tasks` are the service's, in any order; `nodes` are hostnames by id."""
    ordered = newest_first(tasks)
    state = state_of(service, ordered)
    return FoundContainer(
        workspace_id=workspace_id,
        state=state,
        detail="" if state is ContainerState.RUNNING else _detail(ordered),
        node=nodes.get(ordered[0].get("NodeID", ""), "") if ordered else "",
        **fields_of_labels(service["Spec"]["Labels"]),
    )


def state_of(service: Service, ordered: list[Task]) -> ContainerState:
    """The state of the newest attempt. After one that ended another follows, unless no replica is wanted."""
    status = ordered[0]["Status"]["State"] if ordered else ""
    if status == "running":
        return ContainerState.RUNNING
    over = not status or status in ENDED
    return ContainerState.STOPPED if over and not replicas_of(service) else ContainerState.STARTING


def replicas_of(service: Service) -> int:
    return int(service["Spec"]["Mode"]["Replicated"].get("Replicas") or 0)


def node_of_running(ordered: list[Task]) -> str:
    """The id of the node that the newest attempt runs on; "" if it does not run."""
    return str(ordered[0]["NodeID"]) if ordered and ordered[0]["Status"]["State"] == "running" else ""


def last_node(ordered: list[Task]) -> str:
    """The id of the node of the newest attempt; "" if there is none, or none has been found for it."""
    return str(ordered[0].get("NodeID", "")) if ordered else ""


def newest_first(tasks: Iterable[Task]) -> list[Task]:
    return sorted(tasks, key=_made_at, reverse=True)


def refusal(attempts: Iterable[Task]) -> str:
    """The swarm's message if a node could not start the container; "" as long as one still may."""
    for status in (attempt["Status"] for attempt in attempts):
        message = str(status.get("Err") or "")
        if status["State"] == "rejected" or message.startswith("starting container failed"):
            return message
    return ""


def _detail(ordered: list[Task]) -> str:
    """The last error, or the state of the newest attempt if there was no error."""
    errors = (task["Status"].get("Err") for task in ordered)
    state = ordered[0]["Status"]["State"] if ordered else "no node has it yet"
    return next((str(error) for error in errors if error), str(state))


def _made_at(task: Task) -> datetime:
    return datetime.fromisoformat(task["CreatedAt"])
