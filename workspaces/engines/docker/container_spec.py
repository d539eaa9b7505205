"""Stopping and removing containers, of an engine or of a swarm's node."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from docker import APIClient
from docker.errors import APIError, NotFound

from workspaces.engines.naming import container_name, only_ours, volume_names
from workspaces.engines.options import Options

CONFLICT = 409


def end_container(api: APIClient, container_id: str, *, grace: int) -> None:
    """Send the stop signal, and kill after `grace` seconds. Returns when the container has ended or is gone."""
    try:
        api.stop(container_id, timeout=grace)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:  # paused, or being removed: the removal that follows ends it
            raise


def remove_container(api: APIClient, container_id: str) -> None:
    """Remove the container, running or not, with its anonymous volumes. Returns when it is gone."""
    try:
        api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:  # another removal is in progress
            raise
        with suppress(NotFound):
            api.wait(container_id, condition="removed")


def remove_renamed(api: APIClient, workspace_id: UUID, *, options: Options) -> None:
    """Remove the workspace's containers that were renamed, so that neither a service nor a start finds them by name."""
    for each in api.containers(all=True, filters=only_ours(options.installation, workspace_id)):
        if belongs_to(each, workspace_id) and not _is_named(each, workspace_id):
            end_container(api, each["Id"], grace=options.grace)
            remove_container(api, each["Id"])


def belongs_to(container: Mapping[str, Any], workspace_id: UUID) -> bool:
    """Whether a container with our labels, on a node of a swarm, is that workspace's: by its name or by its volumes, as
    it may have been renamed."""
    volumes = volume_names(workspace_id).values()
    return _is_named(container, workspace_id) or any(each.get("Name") in volumes for each in container["Mounts"])


def _is_named(container: Mapping[str, Any], workspace_id: UUID) -> bool:
    """Whether it has the name that a service, or a single engine, gives it."""
    name = f"/{container_name(workspace_id)}"
    return any(each == name or each.startswith(f"{name}.") for each in container["Names"] or ())
