"""The consequence of a workspace's changed fields for its container: nothing, a delivery, or a restart. Pure.

A preview and the executor of plans ask the same rule. A field is `role`, `tier`, `runtime`, `model`, `external`, `url`,
`files`, `spec.KEY` or `schedules.NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from lib.text import listed
from workspaces.core.changes import Change

IN_CONFIG_VOLUME = frozenset({"role", "tier", "runtime", "model", "spec", "files", "schedules"})
ANY = "*"

Limits = Mapping[str, Any]
"""`{"memory": "512m", "cpus": 0.5}`, both optional."""


class Effect(Enum):
    """The consequence of changes for a workspace's container."""

    NOTHING = "nothing"
    DELIVER = "deliver"  # its config volume has to change
    RESTART = "restart"  # it has to be made anew, which delivers too
    RELEASE = "release"  # it goes, and its volumes are kept: the workspace is external from now on
    BRING = "bring"  # there has to be one, on the volumes that are there: the workspace is external no longer


RESTARTING = (Effect.RESTART, Effect.RELEASE, Effect.BRING)


@dataclass(frozen=True, kw_only=True, slots=True)
class RestartRule:
    """`runs`: whether workspaces have containers. `delivers`: whether the engine can write into the config volume of a
    running one; if not, a delivery is a restart. `limits` are those of each tier, `"*"` for any other."""

    runs: bool = True
    delivers: bool = True
    limits: Mapping[str, Limits] = field(default_factory=dict)

    def effect(self, changes: Iterable[Change], *, external: bool = False) -> Effect:
        """The consequence of all of `changes` together; `external`: whether the workspace was it before."""
        changed = {str(each["field"]): each for each in changes}
        if self.runs and (to_external := changed.get("external")):
            return Effect.RELEASE if to_external["to"] else Effect.BRING
        if external or not self.runs:
            return Effect.NOTHING
        delivered = any(field.partition(".")[0] in IN_CONFIG_VOLUME for field in changed)
        if "runtime" in changed or self._has_other_limits(changed.get("tier")) or (delivered and not self.delivers):
            return Effect.RESTART
        return Effect.DELIVER if delivered else Effect.NOTHING

    def restarts(self, changes: Iterable[Change], *, external: bool = False) -> bool:
        """Whether the present container goes, or another one comes."""
        return self.effect(changes, external=external) in RESTARTING

    def _has_other_limits(self, tier: Change | None) -> bool:
        return tier is not None and limits_of_tier(self.limits, tier["from"]) != limits_of_tier(self.limits, tier["to"])


NO_CONTAINERS = RestartRule(runs=False)


def limits_of_tier(limits: Mapping[str, Limits], tier: int) -> Limits:
    """The limits of a tier; empty if there are none."""
    return limits.get(str(tier)) or limits.get(ANY) or {}


def why_of(changes: Iterable[Change]) -> str:
    """`its tier and system_prompt changed`: the reason of a restart, for its event."""
    return f"its {listed([_told(str(each['field'])) for each in changes], most=3)} changed"


def _told(field: str) -> str:
    """A field in a sentence: `system_prompt`, `schedule Pulse`."""
    part, _, key = field.partition(".")
    return f"schedule {key}" if part == "schedules" else key or part
