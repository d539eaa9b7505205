"""The table of a container's life in docs/engines.md says what the functions do, for every combination."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

from tests.tables import table_of
from workspaces.core.containers.convergence import LOST_AFTER, next_step
from workspaces.core.containers.lifecycle import OUTCOMES, ContainerState, Desired

NOW = datetime(2026, 1, 1, 20, 13, tzinfo=UTC)
GRACE = timedelta(seconds=10)
VALUES = {
    "desired": ("running", "absent", "held back"),
    "engine says": ("nothing", "stopped", "starting", "running", "outdated", "too many"),
    "asked": ("no", "lately", "long ago"),
    "losses": ("few", "many"),
}
ASKED = {"no": None, "lately": NOW - timedelta(seconds=1), "long ago": NOW - timedelta(hours=1)}
RUNS = {"outdated", "too many"}
FOUND = {"nothing": None} | dict.fromkeys(RUNS, ContainerState.RUNNING) | {each.value: each for each in ContainerState}

Case = tuple[str, ...]


def cases() -> Iterator[Case]:
    """Too many, and outdated ones, make a difference only where one is to run; each of them is to go."""
    for case in product(*VALUES.values()):
        if case[0] == "running" or case[1] not in RUNS:
            yield case


def told_by(cells: dict[str, str]) -> Iterator[Case]:
    """The cases that a line of the table stands for."""
    for case in product(*(told if cells[name] == "any" else cells[name].split(", ") for name, told in VALUES.items())):
        if case in set(cases()):
            yield case


def happens(case: Case) -> tuple[str, str]:
    desired, found, asked, losses = case
    towards = Desired.RUNNING if desired == "running" else Desired.ABSENT
    step = next_step(
        desired=towards,
        found=FOUND[found],
        asked_at=ASKED[asked],
        grace=GRACE,
        now=NOW,
        fits=found != "too many",
        current=found != "outdated",
        losses=LOST_AFTER if losses == "many" else 0,
        held_back=desired == "held back",
    )
    return step.value, OUTCOMES[towards][step].value


def test_every_line_of_the_table_is_true() -> None:
    for cells in table_of("docs/engines.md", first="desired"):
        for case in told_by(cells):
            assert happens(case) == (cells["step"], cells["outcome"]), f"{case}: put right docs/engines.md"


def test_every_combination_has_one_line() -> None:
    told = [case for cells in table_of("docs/engines.md", first="desired") for case in told_by(cells)]
    assert sorted(told) == sorted(cases())
