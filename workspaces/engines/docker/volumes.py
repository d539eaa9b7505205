"""The named volumes of a workspace on one engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from typing import Any
from uuid import UUID

from docker import APIClient
from docker.errors import APIError, NotFound

from workspaces.engines.docker.container_spec import CONFLICT
from workspaces.engines.naming import only_ours, owner_of, require_ours, volume_names
from workspaces.engines.options import Options

IN_USE, STEP = 2.0, 0.1  # seconds that a volume may still be in use, and seconds between two attempts


def make_volumes(api: APIClient, *, workspace_id: UUID, labels: dict[str, str], options: Options) -> None:
    """Make the volumes that are missing."""
    # First: `create_volume` succeeds with an existing volume of that name, even if somebody else made it.
    require_our_volumes(api, workspace_id=workspace_id, installation=options.installation)
    for name in volume_names(workspace_id).values():
        chosen = driver_options(name, options=options)
        api.create_volume(name, driver=options.volume_driver or None, driver_opts=chosen or None, labels=labels)


def driver_options(name: str, *, options: Options) -> dict[str, str]:
    """The options with `{volume}` replaced by the volume's name: some drivers need a path for each volume."""
    return {key: value.replace("{volume}", name) for key, value in options.volume_options.items()}


def require_our_volumes(
    api: APIClient, *, workspace_id: UUID, installation: str, but: Set[str] = frozenset()
) -> dict[str, str]:
    """The existing volumes, name → time of creation. Raises EngineRefused if one of them is not ours."""
    found = {}
    for name in set(volume_names(workspace_id).values()) - but:
        # By name: for a list with a filter the engine goes through all its volumes.
        with suppress(NotFound):
            volume = api.inspect_volume(name)
            require_ours(f"volume {name}", labels=volume["Labels"], installation=installation)
            found[name] = volume.get("CreatedAt", "")
    return found


def remove_volumes(api: APIClient, *, workspace_id: UUID, installation: str, known: Set[str] = frozenset()) -> None:
    """Remove the volumes. `known` need no check: a container of ours, which mounts only ours, had them just now."""
    known &= set(volume_names(workspace_id).values())
    others = require_our_volumes(api, workspace_id=workspace_id, installation=installation, but=known)
    for name in (*known, *others):
        with suppress(NotFound):
            api.remove_volume(name)


def volumes_by_workspace(api: APIClient, *, installation: str) -> Mapping[UUID, tuple[str, ...]]:
    by_workspace: dict[UUID, list[str]] = {}
    for volume in _listed(api, only_ours(installation)):
        owner = owner_of(volume["Name"], labels=volume["Labels"], installation=installation)
        if owner:
            by_workspace.setdefault(owner, []).append(volume["Name"])
    return {owner: tuple(sorted(names)) for owner, names in by_workspace.items()}


def sizes_by_workspace(api: APIClient, *, installation: str) -> Mapping[UUID, int]:
    """Bytes by workspace. A volume whose driver does not report its size has -1, and is left out."""
    sizes: dict[UUID, int] = {}
    for volume in api.df()["Volumes"] or ():
        owner = owner_of(volume["Name"], labels=volume["Labels"], installation=installation)
        size = (volume.get("UsageData") or {}).get("Size", -1)
        if owner and size >= 0:
            sizes[owner] = sizes.get(owner, 0) + size
    return sizes


def _listed(api: APIClient, filters: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return api.volumes(filters=dict(filters))["Volumes"] or ()


def retry_while_in_use(act: Callable[[], None]) -> None:
    """Call `act` until it raises no conflict, for IN_USE seconds; then once more, and let its error out."""
    deadline = time.monotonic() + IN_USE
    while time.monotonic() < deadline:
        try:
            return act()
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
        time.sleep(STEP)
    return act()
