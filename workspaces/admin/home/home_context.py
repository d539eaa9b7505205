"""The first page after the login: the things that need a person, and links to all else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count

from lib.bounded_count import Tally
from workspaces import access
from workspaces.access import Right
from workspaces.admin.run.run_context import RunLine, run_line, run_lines
from workspaces.admin.run.run_stages import Stage, stage_of
from workspaces.admin.run.run_words import latest_runs
from workspaces.admin.shared.kept_notice import KeptNotice, kept_notice
from workspaces.admin.shared.system_state import System, system_of
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.containers.desired_state import count_failing, engine_runs, failing
from workspaces.services.containers.installation import is_restored
from workspaces.services.removal.kept_data import totals_for
from workspaces.services.sweep.strays import Summary, summary

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LATEST = 5
COMPARED = 5_000  # live workspaces whose names are compared


@dataclass(frozen=True, kw_only=True, slots=True)
class HomePlace:
    """An organization with its live workspaces, and how many of their names are used twice."""

    organization: Organization
    live: Tally
    twice: int | None  # None if there are too many to compare at each visit of this page


@dataclass(frozen=True, kw_only=True, slots=True)
class StrayNotice:
    """Strays on the engine: only their number, because their names may be another organization's.

    `restored`: nothing is touched until a person has accepted this database. `mode`: ORGSITE_SWEEP.
    """

    restored: bool
    found: Summary
    mode: str

    @property
    def any(self) -> bool:
        return self.restored or bool(self.found.count)


@dataclass(frozen=True, kw_only=True)
class Home:
    """The context of the page: a fixed number of queries for any number of organizations and workspaces."""

    user: User

    @property
    def may_look(self) -> bool:
        return access.has(self.user, Right.VIEW)

    @property
    def may_import(self) -> bool:
        return access.has(self.user, Right.IMPORT)

    @cached_property
    def places(self) -> list[HomePlace]:
        return [
            HomePlace(organization=each, live=live, twice=self._twice[each.pk] if each.pk in self._compared else None)
            for each, live in self._live.items()
        ]

    @property
    def twice(self) -> int:
        return sum(place.twice or 0 for place in self.places)

    @property
    def uncompared(self) -> bool:
        return any(place.twice is None for place in self.places)

    @cached_property
    def system(self) -> System:
        return system_of(self.user)

    @property
    def failures(self) -> list[RunLine]:
        """The latest imports that failed or whose process is gone, without dismissed ones."""
        return self._failures[:LATEST]

    @property
    def more_failures(self) -> bool:
        return len(self._failures) > LATEST

    @property
    def nothing_waits(self) -> bool:
        """Whether it is proved that nothing is due: every part of the system answered."""
        return (
            bool(self.places)
            and self.system.well
            and not (self.failures or self.waiting or self.twice or self.strays.any or self.kept_data.waits)
        )

    @cached_property
    def _failures(self) -> list[RunLine]:
        failed = latest_runs(self.user).filter(state=ImportRun.State.FAILED, dismissed_at=None)
        return [run_line(run, progress={}) for run in failed.order_by("-finished_at")[: LATEST + 1]]

    @cached_property
    def waiting(self) -> list[Stage]:
        """The first of the containers that are not what they should be, with an error."""
        return [stage_of(row) for row in failing(self.user)[:LATEST]]

    @cached_property
    def waiting_count(self) -> Tally:
        return count_failing(failing(self.user)) if self.waiting else Tally()

    @cached_property
    def strays(self) -> StrayNotice:
        return _stray_notice()

    @cached_property
    def kept_data(self) -> KeptNotice:
        return kept_notice(totals_for(self.user))

    @cached_property
    def runs(self) -> list[RunLine]:
        return run_lines(latest_runs(self.user)[:LATEST])

    @cached_property
    def _twice(self) -> Counter[int]:
        """Names of each organization that more than one live workspace has."""
        rows = Workspace.objects.live().filter(organization__in=self._compared)
        names = rows.order_by().values("organization", "name")
        shared = names.annotate(count=Count("pk")).filter(count__gt=1)
        return Counter(row["organization"] for row in shared)

    @cached_property
    def _compared(self) -> frozenset[int]:
        """The organizations whose names are compared: small ones, up to a number of workspaces in all."""
        small = sorted((live.number, each.pk) for each, live in self._live.items() if not live.more)
        total = accumulate(number for number, _ in small)
        return frozenset(key for (_, key), so_far in zip(small, total, strict=True) if so_far <= COMPARED)

    @cached_property
    def _live(self) -> dict[Organization, Tally]:
        rows: Any = Organization.objects.visible_to(self.user).count_live()
        return {each: Tally.of(each.live_count) for each in rows}


def _stray_notice() -> StrayNotice:
    """Two queries; none without an engine."""
    mode = settings.ORGSITE_SWEEP
    if not engine_runs():
        return StrayNotice(restored=False, found=Summary(count=0, running=0), mode=mode)
    return StrayNotice(restored=is_restored(), found=summary(), mode=mode)
