"""What a workspace's container, service and volumes are called, and how ours are told from everybody else's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from unicodedata import category
from uuid import UUID

from workspaces.engines.base import Wanted
from workspaces.errors import EngineRefused

INSTALLATION, ORGANIZATION, WORKSPACE, NAME, GENERATION, EPOCH = (
    f"orgsite.{word}" for word in ("installation", "organization", "workspace", "name", "generation", "epoch")
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
    return {
        INSTALLATION: installation,
        ORGANIZATION: wanted.organization,
        WORKSPACE: str(wanted.workspace_id),
        NAME: wanted.name,
    }


def told_by(labels: Mapping[str, str] | None) -> dict[str, Any]:
    """The words of a container's labels, by the fields of `Found`: on one line, whoever wrote them."""
    labels = labels or {}
    texts = {word: _on_one_line(labels.get(f"orgsite.{word}", "")) for word in ("name", "organization", "epoch")}
    return {**texts, "generation": generation_of(labels)}


def container_labels(wanted: Wanted, *, installation: str) -> dict[str, str]:
    """Those of the container, or of the service where there is a swarm."""
    epoch = {EPOCH: wanted.epoch} if wanted.epoch else {}
    return {**labels_of(wanted, installation=installation), GENERATION: str(wanted.generation), **epoch}


def generation_of(labels: Mapping[str, str] | None) -> int:
    """One without the label was made before there was one, and counts as the first."""
    text = (labels or {}).get(GENERATION, "")
    return int(text) if text.isascii() and text.isdigit() else 1


def _on_one_line(text: str) -> str:
    """Without what a log, a terminal or a database would not take as text: controls, line ends, half characters."""
    return "".join("\N{REPLACEMENT CHARACTER}" if category(each) in UNREADABLE else each for each in text)


def only_ours(installation: str, workspace_id: UUID | None = None) -> dict[str, list[str]]:
    """A filter as the engine's lists take it: by label, for the installation or one workspace of it."""
    of_one = [f"{WORKSPACE}={workspace_id}"] if workspace_id else []
    return {"label": [f"{INSTALLATION}={installation}", *of_one]}


def owner_of(
    name: str, *, labels: Mapping[str, str] | None, installation: str, mounted: Collection[str] = ()
) -> UUID | None:
    """The workspace of ours whose container, service or volume that is; None where it is none of ours.

    By the label *and* the name, or a volume of that workspace which it has `mounted`: an image that was made from a
    container carries the container's labels on, and a container can be renamed.
    """
    try:
        candidate = UUID((labels or {}).get(WORKSPACE, ""))
    except ValueError:
        return None
    volumes = volume_names(candidate).values()
    known = name in (container_name(candidate), *volumes) or any(each in mounted for each in volumes)
    return candidate if known and is_ours(labels, installation=installation) else None


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
