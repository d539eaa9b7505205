"""The machines of a swarm: which one has a workspace's volumes, and what is done on each of them.

Volumes are local to the node on which a container ran, so they are searched on every node of `Options.nodes`; without
any, only on the one of DOCKER_HOST.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from docker import APIClient

from workspaces.engines.base import Wanted
from workspaces.engines.docker.connection import Connection
from workspaces.engines.docker.container_spec import belongs_to, remove_container, remove_renamed
from workspaces.engines.docker.images import pull_if_missing
from workspaces.engines.docker.volumes import (
    remove_volumes,
    require_our_volumes,
    retry_while_in_use,
    sizes_by_workspace,
    volumes_by_workspace,
)
from workspaces.engines.naming import DATA, only_ours, volume_names
from workspaces.engines.options import Options
from workspaces.errors import EngineAway, EngineError, EngineRefused

SwarmNode = Mapping[str, Any]  # as a manager lists it


class HomeNode(NamedTuple):
    """The id of the node with a workspace's data, "" if there is none. `firm`: the database says so as well, so it
    rather waits for this node than starts elsewhere without the data."""

    node_id: str = ""
    firm: bool = False


class SwarmNodes:
    """The engines of the nodes, and the manager's view of them: `api` is a connection to the manager."""

    def __init__(self, options: Options, manager: Connection) -> None:
        self._options, self._manager = options, manager
        self._nodes = {
            name: Connection(options, address=address, called=f"The container engine of node {name}")
            for name, address in sorted(options.nodes.items())
        } or {"": manager}

    def close(self) -> None:
        for connection in self._nodes.values():
            connection.close()

    def home_of(self, api: APIClient, wanted: Wanted, *, last: str) -> HomeNode:
        """The node with the data: that of the `last` attempt, else the one that the database names, else the one with
        the newest volume. A node out of reach is believed to have what the database says.

        No node if none has data yet, or if a volume driver makes it available on every node.
        """
        named = node_id_of(api, wanted.node)
        data = volume_names(wanted.workspace_id)[DATA]
        homes: dict[str, str] = {}
        without: set[str] = set()
        for node in self._nodes.values():
            with suppress(EngineAway), node.api() as local:
                installation = self._options.installation
                found = require_our_volumes(local, workspace_id=wanted.workspace_id, installation=installation)
                if data in found:
                    homes[_own_id(local)] = found[data]
                elif named:
                    without.add(_own_id(local))
        if self.share_volumes:
            return HomeNode()
        if last not in homes:
            last = named if named not in without else ""
        home = last or max(homes, key=lambda each: homes[each], default="")
        return HomeNode(home, firm=bool(named) and home == named)

    def pull(self, api: APIClient, node_id: str, *, image: str) -> None:
        """Pull the image on the node that the workspace runs on, before the swarm stops it there. Raises EngineAway if
        that node does not answer. Without an address of it in the options the swarm itself pulls, after the stop."""
        if node_id and (node := self._node(api, node_id)):
            with node.api() as local:
                pull_if_missing(local, image)

    def clear_renamed(self, workspace_id: UUID) -> None:
        """Remove renamed containers: a swarm knows them by name, so one would run on beside the next attempt."""
        for node in self._nodes.values():
            with suppress(EngineAway), node.api() as api:
                remove_renamed(api, workspace_id, options=self._options)

    def clear(self, workspace_id: UUID, *, keep_volumes: bool) -> None:
        """Clear every node, then raise the first error: a node that is away must not stop the others."""
        errors: list[EngineError] = []
        for node in self._nodes.values():
            try:
                with node.api() as api:
                    self._clear(api, workspace_id, keep_volumes=keep_volumes)
            except EngineAway as error:
                errors.append(EngineAway(f"{error} What workspace {workspace_id} has there remains until it does."))
            except EngineRefused as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def require_reach(self, api: APIClient, node: str) -> None:
        """Raise EngineRefused if volumes on that node can't be removed: it answers the swarm, and its address is
        unknown. One that is down and has no address is gone for good, with all that was on it."""
        answers = [each["ID"] for each in api.nodes() if hostname_of(each) == node and _answers(each)]
        if answers and not self.share_volumes and self._node(api, answers[0]) is None:
            raise EngineRefused(f"Its volumes are on node {node}. Add the address of {node} to ORGSITE_SWARM_NODES.")

    def volumes(self) -> Mapping[UUID, tuple[str, ...]]:
        """As `Engine.volumes`, with one request to each node. A volume that is on two nodes is listed once."""
        names: dict[UUID, set[str]] = defaultdict(set)
        for node in self._nodes.values():
            with node.api() as api:
                for owner, found in volumes_by_workspace(api, installation=self._options.installation).items():
                    names[owner] |= set(found)
        return {owner: tuple(sorted(found)) for owner, found in names.items()}

    def sizes(self) -> Mapping[UUID, int]:
        """As `Engine.sizes`, the sum over all nodes."""
        total: Counter[UUID] = Counter()
        for node in self._nodes.values():
            with node.api() as api:
                total += Counter(sizes_by_workspace(api, installation=self._options.installation))
        return total

    @property
    def share_volumes(self) -> bool:
        """Whether a volume driver makes them available on every node."""
        return bool(self._options.volume_driver or self._options.volume_options)

    def _node(self, api: APIClient, node_id: str) -> Connection | None:
        if not self._options.nodes:
            return self._manager if _own_id(api) == node_id else None
        return self._nodes.get(hostname_of(api.inspect_node(node_id)))

    def _clear(self, api: APIClient, workspace_id: UUID, *, keep_volumes: bool) -> None:
        """Remove what the service left. Its containers could run until their grace is over, with the volumes in use."""
        installation = self._options.installation
        for container in api.containers(all=True, filters=only_ours(installation, workspace_id)):
            if belongs_to(container, workspace_id):
                remove_container(api, container["Id"])
        if not keep_volumes:
            retry_while_in_use(lambda: remove_volumes(api, workspace_id=workspace_id, installation=installation))


def hostname_of(node: SwarmNode) -> str:
    return str(node["Description"]["Hostname"])


def takes_containers(node: SwarmNode) -> bool:
    """Whether it answers the swarm, and is neither drained nor paused."""
    return _answers(node) and node["Spec"]["Availability"] == "active"


def node_id_of(api: APIClient, hostname: str) -> str:
    """The id of the swarm's node with that name, "" for none. One that joined again is listed twice: the one that
    answers counts."""
    named = [node for node in api.nodes() if hostname_of(node) == hostname] if hostname else []
    return str(max(named, key=_answers)["ID"]) if named else ""


def _answers(node: SwarmNode) -> bool:
    return bool(node["Status"]["State"] == "ready")


def _own_id(api: APIClient) -> str:
    """The id of the node that answers."""
    return str(api.info()["Swarm"]["NodeID"])
