"""What is the same for a container wherever it came from: how it is ended and removed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from docker import APIClient
from docker.errors import APIError, NotFound

from workspaces.engines.naming import container_name, volume_names

CONFLICT = 409


def end_container(api: APIClient, container_id: str, *, grace: int) -> None:
    """Its stop signal, then so many seconds, then the end. Returns when it has ended, or is gone."""
    try:
        api.stop(container_id, timeout=grace)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:  # paused, or being removed: what follows ends it all the same
            raise


def remove_container(api: APIClient, container_id: str) -> None:
    """Running or not, with what it wrote outside of named volumes. Returns when it is gone, whoever removed it."""
    try:
        api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:  # somebody else's removal is in progress
            raise
        with suppress(NotFound):
            api.wait(container_id, condition="removed")


def belongs_to(container: Mapping[str, Any], workspace_id: UUID) -> bool:
    """Whether a container with our labels, on a node of a swarm, is its service's, was before there was a swarm, or was
    renamed and has a volume of it."""
    name, volumes = f"/{container_name(workspace_id)}", set(volume_names(workspace_id).values())
    named = any(each == name or each.startswith(f"{name}.") for each in container["Names"] or ())
    return named or any(mount.get("Name") in volumes for mount in container["Mounts"])
