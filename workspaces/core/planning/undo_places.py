"""The places of an undo: for each workspace whether it comes back, moves back or goes, and what is in the way. Pure.

A step back is given up where its place is taken, its parent is gone, or it would stand below itself. What was to move
then stays, and may be in the way of another one: so this goes on until nothing more is in the way, each step once.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
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
        self._now: dict[int, Spot] = {
            row.id.int: (row.parent_id.int if row.parent_id else TOP, row.name) for row in have
        }
        self._protected = [row.id.int for row in have if row.protected]
        self._restoring, self._moving, self._removing = restoring, moving, set(removing)
        self._steps: dict[int, Spot] = {**restoring, **moving}
        self.blocked: dict[int, Obstacle] = {}

    def spot(self, key: int) -> Spot:
        """The place of a live or returning workspace after the undo."""
        given_up = key in self.blocked and key in self._now
        return self._now[key] if given_up or key not in self._steps else self._steps[key]

    def wanted_name(self, key: int) -> str:
        """The name that its step back would give it, for people."""
        return self._steps[key][1]

    def settle(self) -> Settlement:
        going, held, collateral = self._going()
        while True:
            before = len(self.blocked), len(going)
            self._give_up(going)
            going, held, collateral = self._going()
            if before == (len(self.blocked), len(going)):
                return Settlement(frozenset(going), frozenset(collateral), held, self.blocked)

    # ---- steps that are given up

    def _give_up(self, going: Collection[int]) -> None:
        """Give up every step whose place is taken, or whose parent is not there; then what closes a circle."""
        self._give_up_blocked(going)
        while looping := self._looping():
            self.blocked.update(dict.fromkeys(looping, Obstacle.BELOW_ITSELF))
            self._give_up_blocked(going)

    def _give_up_blocked(self, going: Collection[int]) -> None:
        open_steps = {key: spot for key, spot in self._steps.items() if key not in self.blocked and key not in going}
        standing = {spot for key, spot in self._now.items() if key not in going and key not in open_steps}
        present = {key for key in self._now if key not in going} | open_steps.keys()
        claims: dict[Spot, int] = {}
        below: defaultdict[int, list[int]] = defaultdict(list)
        for key, spot in open_steps.items():
            below[spot[0]].append(key)
        waiting = deque(open_steps)
        while waiting:
            key = waiting.popleft()
            if key not in open_steps:
                continue
            spot = open_steps[key]
            if spot[0] != TOP and spot[0] not in present:
                self.blocked[key] = Obstacle.PARENT_GONE
            elif spot in standing or claims.setdefault(spot, key) != key:
                self.blocked[key] = Obstacle.NAME_TAKEN
            else:
                continue
            del open_steps[key]
            if claims.get(spot) == key:
                del claims[spot]
            if key in self._now:  # it stays, in the way of whatever comes back there
                stays = self._now[key]
                standing.add(stays)
                if stays in claims:
                    waiting.append(claims[stays])
            else:
                present.discard(key)
                waiting.extend(below[key])

    def _looping(self) -> list[int]:
        """Of each circle that the steps would close, the first step."""
        found: list[int] = []
        seen: dict[int, int] = {}  # number → the walk that met it first
        for walk, start in enumerate(key for key in self._moving if key not in self.blocked):
            line: list[int] = []
            key = start
            while key not in seen and (key in self._now or key in self._steps):
                seen[key] = walk
                line.append(key)
                key = self.spot(key)[0]
            if seen.get(key) == walk:
                circle = line[line.index(key) :]
                found += [each for each in circle if each in self._moving and each not in self.blocked][:1]
        return found

    # ---- what goes

    def _going(self) -> tuple[set[int], dict[int, int], set[int]]:
        below: defaultdict[int, list[int]] = defaultdict(list)
        for key in self._now:
            below[self.spot(key)[0]].append(key)
        held = self._held()
        going: set[int] = set()
        stack = [key for key in self._now if key in self._removing and key not in held]
        while stack:
            key = stack.pop()
            if key not in going:
                going.add(key)
                # What is about to move below one that goes does not go with it: its step is given up.
                stack += [child for child in below[key] if child not in held and child not in self._moving]
        would = self._condemned(below)
        return going, {key: by for key, by in held.items() if key in would}, going - self._removing

    def _condemned(self, below: Mapping[int, Iterable[int]]) -> set[int]:
        """All that is to go, and all below it."""
        found: set[int] = set()
        stack = list(self._removing & self._now.keys())
        while stack:
            key = stack.pop()
            if key not in found:
                found.add(key)
                stack += below.get(key, ())
        return found

    def _held(self) -> dict[int, int]:
        """Number of a protected one, or of one whose step back is given up, and of all above it → that one's number."""
        held: dict[int, int] = {}
        given_up = [key for key in self._moving if key in self.blocked and key in self._now]
        for holder in (*self._protected, *given_up):
            key = holder
            while key not in held and key in self._now:
                held[key] = holder
                key = self.spot(key)[0]
        return held
