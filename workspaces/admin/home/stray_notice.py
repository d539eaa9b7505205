"""The home page's notice of things on the engine that the database does not know. No names: they may be those of
organizations that the reader does not belong to, and `manage.py sweep --dry-run` prints them."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.containers.epochs import is_restored
from workspaces.services.sweep.strays import Summary, summary


@dataclass(frozen=True, kw_only=True, slots=True)
class StrayNotice:
    """`restored`: nothing is touched until somebody has accepted this database. `mode`: ORGSITE_SWEEP."""

    restored: bool
    found: Summary
    mode: str

    @property
    def any(self) -> bool:
        return self.restored or bool(self.found.count)


def stray_notice() -> StrayNotice:
    """Two queries; none where there is no engine."""
    mode = settings.ORGSITE_SWEEP
    if not engine_runs():
        return StrayNotice(restored=False, found=Summary(count=0, running=0), mode=mode)
    return StrayNotice(restored=is_restored(), found=summary(), mode=mode)
