"""Names and labels of a workspace's container, service and volumes, and the check that they are ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from unicodedata import category
from uuid import UUID

from workspaces.engines.base import Wanted
from workspaces.errors import EngineRefused

INSTALLATION, ORGANIZATION, WORKSPACE, NAME, GENERATION, EPOCH = (
    f"orgsite.{key}" for key in ("installation", "organization", "workspace", "name", "generation", "epoch")
)
UNREADABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # categories of Unicode
DATA, CONFIG = "/data", "/config"  # paths of the volumes in a container


def container_name(workspace_id: UUID) -> str:
    """The name of the container, or of the service in a swarm."""
    return f"ws-{workspace_id}"


def volume_names(workspace_id: UUID) -> dict[str, str]:
    """The names of the volumes, by their paths in a container."""
    return {place: f"{container_name(workspace_id)}-{place.strip('/')}" for place in (DATA, CONFIG)}


def labels_of(wanted: Wanted, *, installation: str) -> dict[str, str]:
    return {
        INSTALLATION: installation,
        ORGANIZATION: wanted.organization,
        WORKSPACE: str(wanted.workspace_id),
        NAME: wanted.name,
    }


def fields_of_labels(labels: Mapping[str, str] | None) -> dict[str, Any]:
    """The fields of `FoundContainer` from its labels, made one line each: anybody may have written them."""
    labels = labels or {}
    texts = {key: _on_one_line(labels.get(f"orgsite.{key}", "")) for key in ("name", "organization", "epoch")}
    return {**texts, "generation": generation_of(labels)}


def container_labels(wanted: Wanted, *, installation: str) -> dict[str, str]:
    """The labels of the container, or of the service in a swarm."""
    epoch = {EPOCH: wanted.epoch} if wanted.epoch else {}
    return {**labels_of(wanted, installation=installation), GENERATION: str(wanted.generation), **epoch}


def generation_of(labels: Mapping[str, str] | None) -> int:
    """The generation of a container; one without the label is older than the label, and counts as the first."""
    text = (labels or {}).get(GENERATION, "")
    return int(text) if text.isascii() and text.isdigit() else 1


def _on_one_line(text: str) -> str:
    """`text` with controls, line ends and lone surrogates replaced, which would harm a log, terminal or database."""
    return "".join("\N{REPLACEMENT CHARACTER}" if category(each) in UNREADABLE else each for each in text)


def only_ours(installation: str, workspace_id: UUID | None = None) -> dict[str, list[str]]:
    """A filter for the engine's lists: by label, for the installation or one workspace of it."""
    of_one = [f"{WORKSPACE}={workspace_id}"] if workspace_id else []
    return {"label": [f"{INSTALLATION}={installation}", *of_one]}


def owner_of(
    name: str, *, labels: Mapping[str, str] | None, installation: str, mounted: Collection[str] = ()
) -> UUID | None:
    """The workspace of ours that owns the container, service or volume; None if it is not ours.

    The label *and* the name (or a `mounted` volume of that workspace) decide: an image made from a container has the
    container's labels, and a container can be renamed.
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


def require_ours(what: str, *, labels: Mapping[str, str] | None, installation: str) -> None:
    """Raise EngineRefused for a thing with a name of ours but without our label: somebody else made it."""
    if not is_ours(labels, installation=installation):
        owner = (labels or {}).get(INSTALLATION)
        whose = f"belongs to the installation {owner!r}" if owner else "was not made by an installation of this product"
        raise EngineRefused(
            f"The {what} {whose}, so {installation!r} does not touch it. Rename or remove it there, or correct "
            "ORGSITE_INSTALLATION."
        )
