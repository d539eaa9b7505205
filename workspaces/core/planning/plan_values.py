"""A plan as one frozen value: its rows are what people see, its operations what is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from workspaces.core.containers.restart_rule import Effect
from workspaces.core.names import SEPARATOR as SEPARATOR
from workspaces.core.planning.operations import Kind as Kind
from workspaces.core.planning.operations import Operation as Operation
from workspaces.core.planning.operations import Place as Place
from workspaces.core.planning.operations import operations_of, path_texts_of
from workspaces.core.planning.plan_rows import PLANNED as PLANNED
from workspaces.core.planning.plan_rows import REMOVING as REMOVING
from workspaces.core.planning.plan_rows import Action as Action
from workspaces.core.planning.plan_rows import Live as Live
from workspaces.core.planning.plan_rows import Reason as Reason
from workspaces.core.planning.plan_rows import Row as Row
from workspaces.core.planning.plan_rows import Rule as Rule
from workspaces.core.template import Template


class Mode(StrEnum):
    """The purpose of a plan. `merge` adds missing ones; `reconcile` then also removes leftovers that carry a declared
    name; `remove` removes chosen workspaces with all below them; `undo` takes back what a run did."""

    MERGE = "merge"
    RECONCILE = "reconcile"
    REMOVE = "remove"
    UNDO = "undo"


IMPORT_MODES = (Mode.MERGE, Mode.RECONCILE)


_NAMED_NOWHERE = (Reason.COLLATERAL, Reason.RETIRED)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The effect of one import or removal. Rows stand in tree order; of siblings those that the template names come
    first, then all other live ones by name."""

    mode: Mode
    template: Template
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    fingerprint: str

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The changes to carry out: creations, parents first, then moves, updates and removals."""
        return tuple(operations_of(self.rows))

    @cached_property
    def path_texts(self) -> Mapping[int, str]:
        """Row of each operation → its path as a JSON list (`Place.path_text`)."""
        return path_texts_of(self.operations, self.rows)

    @cached_property
    def result(self) -> tuple[Row, ...]:
        """The result set, in template order: all that are created or matched."""
        return self._with(Action.CREATE, Action.KEEP, Action.UPDATE, Action.MOVE, Action.RESTORE)

    @cached_property
    def removals(self) -> tuple[Row, ...]:
        """All that would be removed, collateral included."""
        return self._with(*REMOVING)

    @cached_property
    def removal_roots(self) -> tuple[Row, ...]:
        """The topmost removals; everything live below them goes too."""
        gone = {id(row) for row in self.removals}
        return tuple(row for row in self.removals if row.parent is None or id(self.rows[row.parent]) not in gone)

    @cached_property
    def collateral(self) -> tuple[Row, ...]:
        return self._with(Action.COLLATERAL)

    @property
    def protected_removals(self) -> tuple[Row, ...]:
        """Protected rows that the plan removes: only a direct delete plans that, and is then refused."""
        return tuple(row for row in self.removals if row.live and row.live.protected)

    @cached_property
    def held(self) -> tuple[Row, ...]:
        """Rows kept only because they are protected or above a protected one."""
        return self._with(Action.HELD)

    @cached_property
    def left_running(self) -> tuple[Row, ...]:
        """Live rows that the plan leaves although the template has their name elsewhere, held ones among them."""
        return tuple(row for row in self._with(Action.LEFT_RUNNING, Action.HELD) if row.reason not in _NAMED_NOWHERE)

    @cached_property
    def restored(self) -> tuple[Row, ...]:
        return self._with(Action.RESTORE)

    @cached_property
    def data_lost(self) -> tuple[Row, ...]:
        """Rows that come back with empty volumes: theirs were destroyed."""
        return tuple(row for row in self.restored if row.data_lost)

    @cached_property
    def cannot(self) -> tuple[Row, ...]:
        """Rows of an undo that cannot be taken back, or not wholly: each with its obstacle."""
        return tuple(row for row in self.rows if row.obstacle)

    @cached_property
    def moved(self) -> tuple[Row, ...]:
        return self._with(Action.MOVE)

    @cached_property
    def updated(self) -> tuple[Row, ...]:
        """Rows that change where they are: of one that moves and changes, its move counts alone."""
        return self._with(Action.UPDATE)

    @cached_property
    def noted(self) -> tuple[Row, ...]:
        """Rows of which the database has to say what the template said, and whether they differ from that:
        also where nothing else changes. One that another template declared and keeps is none of them.
        """
        return tuple(row for row in self.rows if row.diff and not row.diff.foreign)

    @cached_property
    def released(self) -> tuple[Row, ...]:
        """Rows that become external: their containers go, and the data is kept."""
        return tuple(row for row in self.rows if row.diff and row.diff.effect is Effect.RELEASE)

    @cached_property
    def restarted(self) -> tuple[Row, ...]:
        """Rows whose containers are made anew, go or come."""
        return tuple(row for row in self.rows if row.diff and row.diff.restarts)

    @cached_property
    def created_count(self) -> int:
        return len(self._with(Action.CREATE))

    @cached_property
    def differs_count(self) -> int:
        """Matched workspaces that are not what the template says, and that this plan leaves so."""
        return sum(row.differs for row in self.rows)

    @property
    def skipped_count(self) -> int:
        """All that are matched: kept, moved and updated ones."""
        return len(self.result) - self.created_count - len(self.restored)

    @property
    def kept_count(self) -> int:
        return self.skipped_count - len(self.moved) - len(self.updated)

    @cached_property
    def live_before(self) -> int:
        return sum(1 for row in self.rows if row.live and row.live.status != "removed")

    @property
    def live_after(self) -> int:
        return self.live_before + self.created_count + len(self.restored) - len(self.removals)

    @cached_property
    def untouched(self) -> tuple[Row, ...]:
        return self._with(Action.UNTOUCHED)

    @cached_property
    def unnamed(self) -> tuple[Row, ...]:
        """Live rows the template does not name and nothing removes: untouched ones, and some that are held."""
        return tuple(row for row in self._with(Action.UNTOUCHED, Action.HELD) if row.why)

    @property
    def untouched_count(self) -> int:
        """The number of the unnamed ones, from numbers that are known anyway."""
        return self.live_after - len(self.result) - len(self.left_running)

    @property
    def changes_nothing(self) -> bool:
        return not self.operations

    def _with(self, *actions: Action) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.action in actions)
