"""What a workspace's container, service and volumes are called, and how ours are told from everybody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unicodedata import category
from uuid import UUID

from workspaces.engines.base import Wanted
from workspaces.errors import EngineRefused

INSTALLATION, ORGANIZATION, WORKSPACE, NAME, EPOCH = (
    f"orgsite.{word}" for word in ("installation", "organization", "workspace", "name", "epoch")
)
UNREADABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # categories of Unicode
DATA, CONFIG = "/data", "/config"  # where the volumes are in a container


def container_name(workspace_id: UUID) -> str:
    """Of the container, or of the service where there is a swarm."""
    return f"ws-{workspace_id}"


def volume_names(workspace_id: UUID) -> dict[str, str]:
    """The names of the volumes, by where they are in a container."""
    return {place: f"{container_name(workspace_id)}-{place.strip('/')}" for place in (DATA, CONFIG)}


def labels_of(wanted: Wanted, *, installation: str) -> dict[str, str]:
    labels = {
        INSTALLATION: installation,
        ORGANIZATION: wanted.organization,
        WORKSPACE: str(wanted.workspace_id),
        NAME: wanted.name,
    }
    return labels | ({EPOCH: wanted.epoch} if wanted.epoch else {})


def told_by(labels: Mapping[str, str] | None) -> dict[str, Any]:
    """What the labels of a container say, by the fields of `Found`: on one line, whoever wrote them."""
    labels = labels or {}
    return {word: _on_one_line(labels.get(f"orgsite.{word}", "")) for word in ("name", "organization", "epoch")}


def _on_one_line(text: str) -> str:
    """Without what a log, a terminal or a database would not take as text: controls, line ends, half characters."""
    return "".join("\N{REPLACEMENT CHARACTER}" if category(each) in UNREADABLE else each for each in text)


def only_ours(installation: str, workspace_id: UUID | None = None) -> dict[str, list[str]]:
    """A filter as the engine's lists take it: by label, for the installation or one workspace of it."""
    of_one = [f"{WORKSPACE}={workspace_id}"] if workspace_id else []
    return {"label": [f"{INSTALLATION}={installation}", *of_one]}


def owner_of(name: str, *, labels: Mapping[str, str] | None, installation: str) -> UUID | None:
    """The workspace of ours whose container, service or volume that is; None where it is none of ours.

    By the label *and* the name: an image that was made from a container carries the container's labels on.
    """
    try:
        candidate = UUID((labels or {}).get(WORKSPACE, ""))
    except ValueError:
        return None
    names = (container_name(candidate), *volume_names(candidate).values())
    return candidate if is_ours(labels, installation=installation) and name in names else None


def is_ours(labels: Mapping[str, str] | None, *, installation: str) -> bool:
    return (labels or {}).get(INSTALLATION) == installation


def see_that_it_is_ours(what: str, *, labels: Mapping[str, str] | None, installation: str) -> None:
    """What has a name of ours but lacks our label was made by somebody else, and is not touched."""
    if not is_ours(labels, installation=installation):
        owner = (labels or {}).get(INSTALLATION)
        whose = f"belongs to the installation {owner!r}" if owner else "was not made by an installation of this product"
        raise EngineRefused(
            f"The {what} {whose}, so {installation!r} does not touch it. Rename or remove it there, or correct "
            "ORGSITE_INSTALLATION."
        )
