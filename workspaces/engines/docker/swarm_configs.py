"""The files of a workspace in a swarm: one config each, because a manager cannot write into another node's volume."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from docker import APIClient
from docker.errors import NotFound
from docker.types import ConfigReference

from workspaces.engines.base import Wanted
from workspaces.engines.naming import CONFIG, container_name, is_ours, labels_of, only_ours
from workspaces.errors import EngineRefused

MOST_BYTES = 500 * 1024  # of a file: every manager keeps the swarm's store in memory
DIGEST = 20  # hexadecimal digits: with more the name would exceed 64 characters


def put_configs(api: APIClient, wanted: Wanted, *, installation: str) -> list[ConfigReference]:
    """Make the missing configs, and return references to all, with their paths in the container."""
    existing = _existing(api, wanted.workspace_id, installation=installation)
    labels = labels_of(wanted, installation=installation)
    references = []
    for file, content in _files(wanted.config):
        name = f"{container_name(wanted.workspace_id)}-{hashlib.sha256(content).hexdigest()[:DIGEST]}"
        if name not in existing:
            existing[name] = api.create_config(name, content, labels=labels)["ID"]
        references.append(_reference(file, config_id=existing[name], name=name))
    return references


def remove_configs(
    api: APIClient, *, workspace_id: UUID, installation: str, but: list[ConfigReference] | None = None
) -> None:
    """Remove the workspace's configs except those that `but` refers to."""
    kept = {str(reference["ConfigID"]) for reference in but or ()}
    for config_id in _existing(api, workspace_id, installation=installation).values():
        if config_id not in kept:
            with suppress(NotFound):
                api.remove_config(config_id)


def _existing(api: APIClient, workspace_id: UUID, *, installation: str) -> dict[str, str]:
    """The workspace's configs, name → id."""
    listed: list[dict[str, Any]] = api.configs(filters=only_ours(installation, workspace_id))
    ours = (each for each in listed if is_ours(each["Spec"]["Labels"], installation=installation))
    return {each["Spec"]["Name"]: each["ID"] for each in ours}


def _reference(file: tarfile.TarInfo, *, config_id: str, name: str) -> ConfigReference:
    place = PurePosixPath(CONFIG) / file.name
    if ".." in place.parts or not place.is_relative_to(CONFIG):
        raise EngineRefused(f"The file {file.name} would be outside of {CONFIG}.")
    return ConfigReference(
        config_id, name, filename=str(place), uid=str(file.uid), gid=str(file.gid), mode=file.mode & 0o777
    )


def _files(archive: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    if not archive:
        return
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file and member.size > MOST_BYTES:
                raise EngineRefused(
                    f"The file {member.name} has {member.size:,} bytes; in a swarm a file of a template has at most "
                    f"{MOST_BYTES:,}. Put larger ones into the image."
                )
            if file:
                yield member, file.read()
