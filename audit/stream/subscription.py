"""The subscription of a listener. Listeners with equal scopes share every byte sent to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from audit.models import StructureEventQuerySet
from audit.type_filter import is_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event as sent, with the fields that scopes check."""

    id: int
    event_type: str
    organization: str
    workspace_id: UUID | None
    import_id: UUID | None
    actor: str
    text: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Organizations in reach (None: all), and the filters. `exact` are columns with the required value."""

    reach: frozenset[str] | None
    organization: str = ""
    event_type: str = ""
    exact: tuple[tuple[str, Any], ...] = ()

    @property
    def is_lost(self) -> bool:
        """Whether the one wanted organization is out of reach."""
        return bool(self.organization) and self.reach is not None and self.organization not in self.reach

    def within(self, reach: frozenset[str] | None) -> Scope:
        return self if reach == self.reach else replace(self, reach=reach)

    def admits(self, told: Told) -> bool:
        """Whether the event is to be sent."""
        if self.reach is not None and told.organization not in self.reach:
            return False
        if self.organization and told.organization != self.organization:
            return False
        if self.event_type and not is_of(self.event_type, told.event_type):
            return False
        return all(getattr(told, column) == value for column, value in self.exact)

    def narrowed(self, events: StructureEventQuerySet) -> StructureEventQuerySet:
        """The rows, narrowed as far as an index allows."""
        if self.reach is not None:
            events = events.filter(organization__in=sorted(self.reach))
        if self.organization:
            events = events.filter(organization=self.organization)
        return events.filter(**dict(self.exact))
