"""The thing to take back, as the pages and the forms of both ways name it: a run to undo, or workspaces to restore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from workspaces.access import Actor
from workspaces.core.planning.plan_values import Plan
from workspaces.models import ImportRun, Organization
from workspaces.services.undo.undoing import (
    UndoConfirmation,
    Undone,
    apply_restore,
    apply_undo,
    nothing_to_undo,
    preview_restore,
    preview_undo,
)

IDS = "ids"
"""The parameter of an address with the removed workspaces to restore."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakingBack:
    """`run` is the one to undo; None: the removed workspaces of `ids` are restored, with what went with them. `live`
    counts those that were chosen although they are not removed."""

    organization: Organization
    run: ImportRun | None = None
    ids: tuple[UUID, ...] = ()
    live: int = 0

    @property
    def kept(self) -> Mapping[str, str]:
        """The parameters that every address of the page needs."""
        return {} if self.run else {IDS: ids_text(self.ids)}

    def plan(self) -> Plan:
        """The plan as of now. Changes nothing."""
        return preview_undo(self.run) if self.run else preview_restore(self.organization, self.ids)

    def nothing(self, plan: Plan) -> str:
        """The reason why the plan takes nothing back; "" if it does."""
        refusal = nothing_to_undo(plan, self.run)
        return str(refusal) if refusal else ""

    def apply(self, *, actor: Actor, reason: str, confirmation: UndoConfirmation) -> Undone:
        """All that the plan says, or nothing."""
        if self.run:
            return apply_undo(self.run, actor=actor, reason=reason, confirmation=confirmation)
        return apply_restore(self.organization, self.ids, actor=actor, reason=reason, confirmation=confirmation)


def ids_text(ids: tuple[UUID, ...]) -> str:
    """Ids as one parameter of an address: 33 characters each."""
    return ".".join(key.hex for key in ids)


def ids_in(text: str) -> tuple[UUID | None, ...]:
    """The ids of such a parameter, each once; None for what is no id."""
    return tuple(dict.fromkeys(_id(part) for part in text.split(".") if part))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
