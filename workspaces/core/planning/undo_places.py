"""The places of an undo: for each workspace whether it comes back, moves back or goes, and what is in the way. Pure.

A step back is given up if its place is taken, if its parent is gone or would go, or if it closed a circle. What was to
move then stays, with all that it stands below, and may be in the way of another one. Each step is given up once, and
each workspace is kept once, so the work grows as the number of workspaces does.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from enum import Enum
from typing import NamedTuple

from workspaces.core.planning.match_sides import TOP
from workspaces.core.planning.plan_rows import Live

Spot = tuple[int, str]
"""The number of the parent, TOP for none, and the name."""


class Obstacle(Enum):
    """The reason why a step back is given up."""

    NAME_TAKEN = "name taken"
    PARENT_GONE = "parent gone"
    PARENT_GOES = "parent goes"
    BELOW_ITSELF = "below itself"


class Settlement(NamedTuple):
    """By number: the workspaces that go, those among them that the run did not make (`collateral`), those that would go
    but for one they stand above (`held`: that one), and the steps that are given up."""

    going: frozenset[int]
    collateral: frozenset[int]
    held: Mapping[int, int]
    blocked: Mapping[int, Obstacle]


class UndoPlaces:
    """`restoring`, `moving`: number → the place to come back to. `removing`: what goes, if nothing holds it."""

    def __init__(
        self,
        have: Collection[Live],
        *,
        restoring: Mapping[int, Spot],
        moving: Mapping[int, Spot],
        removing: Collection[int],
    ) -> None:
        rows = sorted(have, key=lambda row: row.id.int)  # a database gives them in no order
        self._now: dict[int, Spot] = {
            row.id.int: (row.parent_id.int if row.parent_id else TOP, row.name) for row in rows
        }
        self._protected = [row.id.int for row in rows if row.protected]
        self._moving, self._removing = moving, self._now.keys() & removing
        self._steps: dict[int, Spot] = {**restoring, **moving}
        self._standing = {spot: key for key, spot in self._now.items()}
        self._below: defaultdict[int, list[int]] = defaultdict(list)  # as they stand now
        for key, (above, _) in self._now.items():
            self._below[above].append(key)
        self._returning: defaultdict[int, list[int]] = defaultdict(list)  # parent → the steps to it
        for key, (above, _) in self._steps.items():
            self._returning[above].append(key)
        self._waiting = deque(self._steps)  # steps to look at
        self._claims: dict[Spot, int] = {}
        self._turned = [*moving]  # they have another parent since circles were looked for
        self._going = self._condemned()
        self._held: dict[int, int] = {}
        self.blocked: dict[int, Obstacle] = {}

    def spot(self, key: int) -> Spot:
        """The place of a live or returning workspace after the undo."""
        return self._steps[key] if self._is_open(key) or key not in self._now else self._now[key]

    def wanted_name(self, key: int) -> str:
        """The name that its step back would give it, for people."""
        return self._steps[key][1]

    def settle(self) -> Settlement:
        condemned = frozenset(self._going)
        for key in self._protected:
            self._hold(key, by=key)
        # Looked at last: what is given up before them may keep their parents.
        below_going = deque(key for key, (above, _) in self._steps.items() if above in self._going)
        while True:
            self._give_up_blocked()
            if not self._give_up_next(below_going) and not self._give_up_circles():
                break
        held = {key: by for key, by in self._held.items() if key in condemned}
        return Settlement(frozenset(self._going), frozenset(self._going - self._removing), held, self.blocked)

    # ---- steps that are given up

    def _give_up_blocked(self) -> None:
        while self._waiting:
            key = self._waiting.popleft()
            if self._is_open(key) and (obstacle := self._obstacle(key)):
                self._give_up(key, obstacle)

    def _obstacle(self, key: int) -> Obstacle | None:
        above, _ = spot = self._steps[key]
        if above != TOP and above not in self._now and not self._is_open(above):
            return Obstacle.PARENT_GONE
        there = self._standing.get(spot)
        stays = there is not None and there not in self._going and not self._is_open(there)
        return Obstacle.NAME_TAKEN if stays or self._claims.setdefault(spot, key) != key else None

    def _give_up_next(self, below_going: deque[int]) -> bool:
        """Give up the next step to a parent that goes; False if there is none."""
        while below_going:
            key = below_going.popleft()
            if self._is_open(key) and self._steps[key][0] in self._going:
                self._give_up(key, Obstacle.PARENT_GOES)
                return True
        return False

    def _give_up_circles(self) -> bool:
        """Give up the first step of each circle that was closed since the last call; False if there was none.

        Only those that turned to another parent since then can have closed one.
        """
        turned, self._turned = self._turned, []
        walks: dict[int, int] = {}  # number → the walk that met it first
        found: list[int] = []
        for start in turned:
            line: list[int] = []
            key = start
            while key not in walks and (key in self._now or key in self._steps):
                walks[key] = start
                line.append(key)
                key = self.spot(key)[0]
            if walks.get(key) == start and line:
                found += [each for each in line[line.index(key) :] if each in self._moving and self._is_open(each)][:1]
        for key in found:
            self._give_up(key, Obstacle.BELOW_ITSELF)
        return bool(found)

    def _give_up(self, key: int, obstacle: Obstacle) -> None:
        self.blocked[key] = obstacle
        spot = self._steps[key]
        if self._claims.get(spot) == key:
            del self._claims[spot]
        if key in self._now:
            self._turned.append(key)
            self._is_in_the_way(key)
            self._held.setdefault(key, key)
            self._hold(self._now[key][0], by=key)
        else:
            self._waiting.extend(self._returning[key])

    def _is_open(self, key: int) -> bool:
        """Whether it has a step back that is not given up."""
        return key in self._steps and key not in self.blocked

    def _is_in_the_way(self, key: int) -> None:
        """It stays where it stands: have the step to that place looked at again."""
        if (claim := self._claims.get(self._now[key])) is not None:
            self._waiting.append(claim)

    # ---- what goes

    def _condemned(self) -> set[int]:
        """All that is to go, and all below it but what moves away, if nothing were held."""
        found: set[int] = set()
        stack = [*self._removing]
        while stack:
            key = stack.pop()
            if key not in found:
                found.add(key)
                stack += [child for child in self._below[key] if child not in self._moving]
        return found

    def _hold(self, key: int, *, by: int) -> None:
        """Keep a workspace, and all above it up to one that moves away."""
        while key in self._now and key not in self._held:
            self._held[key] = by
            self._keep(key)
            if self._is_open(key):
                return
            key = self._now[key][0]

    def _keep(self, key: int) -> None:
        """It does not go, and neither does what would have gone because of it alone."""
        stack = [key]
        while stack:
            key = stack.pop()
            if key in self._going:
                self._going.discard(key)
                self._is_in_the_way(key)
                stack += [child for child in self._below[key] if child not in self._removing]
