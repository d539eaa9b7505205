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
from workspaces.engines.naming import only_ours, owner_of, see_that_it_is_ours, volume_names
from workspaces.engines.options import Options

IN_USE, STEP = 2.0, 0.1  # seconds that a node gets to let go of a volume, and between two attempts


def make_volumes(api: APIClient, *, workspace_id: UUID, labels: dict[str, str], options: Options) -> None:
    """The engine answers with the one that is there already, whoever made it."""
    see_that_volumes_are_ours(api, workspace_id=workspace_id, installation=options.installation)
    for name in volume_names(workspace_id).values():
        chosen = driver_options(name, options=options)
        api.create_volume(name, driver=options.volume_driver or None, driver_opts=chosen or None, labels=labels)


def driver_options(name: str, *, options: Options) -> dict[str, str]:
    """`{volume}` stands for the volume's name: without it some drivers would give the same place to all of them."""
    return {key: value.replace("{volume}", name) for key, value in options.volume_options.items()}


def see_that_volumes_are_ours(
    api: APIClient, *, workspace_id: UUID, installation: str, but: Set[str] = frozenset()
) -> dict[str, str]:
    """Those that are there: name → when it was made. EngineRefused where somebody else made one."""
    found = {}
    for name in set(volume_names(workspace_id).values()) - but:
        # By its name: to list with a filter, the engine goes through all volumes that it has.
        with suppress(NotFound):
            volume = api.inspect_volume(name)
            see_that_it_is_ours(f"volume {name}", labels=volume["Labels"], installation=installation)
            found[name] = volume.get("CreatedAt", "")
    return found


def remove_volumes(api: APIClient, *, workspace_id: UUID, installation: str, known: Set[str] = frozenset()) -> None:
    """`known` are ours for certain: a container of ours, which gets no others, had mounted them just now."""
    known &= set(volume_names(workspace_id).values())
    others = see_that_volumes_are_ours(api, workspace_id=workspace_id, installation=installation, but=known)
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
    """Bytes. A volume whose driver does not tell has the size -1, and is left out."""
    sizes: dict[UUID, int] = {}
    for volume in api.df()["Volumes"] or ():
        owner = owner_of(volume["Name"], labels=volume["Labels"], installation=installation)
        size = (volume.get("UsageData") or {}).get("Size", -1)
        if owner and size >= 0:
            sizes[owner] = sizes.get(owner, 0) + size
    return sizes


def _listed(api: APIClient, filters: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return api.volumes(filters=dict(filters))["Volumes"] or ()


def when_let_go(act: Callable[[], None]) -> None:
    """Again while it is in use, and then once more for the engine's words."""
    deadline = time.monotonic() + IN_USE
    while time.monotonic() < deadline:
        try:
            return act()
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
        time.sleep(STEP)
    return act()
