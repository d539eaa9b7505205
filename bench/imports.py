"""Import, import again, reconcile, move, update, cascade delete by three runners in turn: `rowwise`, `floor`, `ours`.

The original, whose way `rowwise` is, neither moves nor updates.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import log
from statistics import median
from typing import Any, NamedTuple

import psycopg

from bench import floor, floor_changes, ours, rowwise
from bench.findings import Finding, Section, Table
from bench.scratch import Place, connect, give_tokens, live_ids, new_place, root_ids
from bench.trees import SHAPES, tree
from workspaces.core.template import Template

RUNNERS = ("rowwise", "floor", "ours")
SIZES = (100, 1_000, 10_000, 100_000)
MAIN = "branching 5"
JUDGED = 10_000  # sizes with limits; below, the fixed cost of an import outweighs the rest, so they are only reported
WORDS = """
Each runner works in an organization of its own, in one database, in turn with the others (forwards, then backwards: the
tables grow), and goes through all operations on what it has left itself: an import into an empty organization, the same
template again, a template with the same names all in other places, where it replaces them all (`moves: false`), another
one where it moves them all, one that changes a key and a schedule of each, and the removal of everything; ours then
undoes that. `rowwise` is the original's way (`bench/rowwise.py`), which neither moves nor updates, `floor` the least
that PostgreSQL needs for the same rows (`bench/floor.py`, `bench/floor_changes.py`; `tests/test_floor.py` compares
them), `ours` the services. Times are of the wall clock, medians over the rounds: five, of 100,000 three in one shape
and one in the others; of `rowwise`, each of whose statements is a transaction (BEGIN, statement, COMMIT), one, and none
of 100,000, which would take it half an hour. Every workspace has a schedule, and before each removal a token, as the
worker gives one. `ORGSITE_ENGINE=docker`: each gets the row of its container. Before each step, below 10,000 before
each import, PostgreSQL has seen how large its tables are (ANALYZE, in autovacuum's place). All start from a template
that was read and validated; what that costs is part of the figures over HTTP.
"""
REMOVAL = "cascade delete"
PREVIEW, UNDO = "preview, both modes", "undo of the cascade delete"
# Operation → (maximum ratio to the floor, minimum ratio to rowwise if that does it)
LIMITS: dict[str, tuple[float, float | None]] = {
    "import": (1.6, 15),
    "import again": (2.0, 40),  # `rowwise` looks at names alone, ours at every field
    "reconcile": (1.4, 13),
    "move": (1.6, None),
    "update": (1.6, None),
    REMOVAL: (1.4, 6),
}
Times = Mapping[tuple[str, int, str, str], list[float]]  # shape, n, operation, runner → seconds of each round


def measure(*, n: int) -> Section:
    sizes = [size for size in SIZES if size <= n]
    times = collect(sizes, quick=n < JUDGED)
    judged = [size for size in sizes if size >= JUDGED] or sizes[-1:]
    return Section(
        title="Import, reconcile, cascade delete",
        words=WORDS,
        findings=[*ratios(times, judged), *previews(times, judged), *undos(times, judged), *growth(times, sizes)],
        tables=[table(times, shape, sizes) for shape in SHAPES],
        curves={
            f"{what}, {runner}": {
                size: median(times[MAIN, size, what, runner]) for size in sizes if times[MAIN, size, what, runner]
            }
            for what in LIMITS
            for runner in RUNNERS
        },
    )


# ---- running


def collect(sizes: list[int], *, quick: bool) -> Times:
    times: dict[tuple[str, int, str, str], list[float]] = defaultdict(list)
    analyze_from = min(JUDGED, sizes[-1])
    with connect() as link:
        for size in sizes:
            for shape in SHAPES:
                for turn in range(5):
                    for runner in RUNNERS if turn % 2 == 0 else reversed(RUNNERS):
                        if turn < rounds(runner, shape, size, quick=quick):
                            place = new_place(f"{runner}-{shape[:4]}-{size}-{turn}")
                            for what, step in steps(runner, link, place, shape=shape, n=size):
                                if size >= analyze_from or what == "import":
                                    link.execute("ANALYZE workspaces_workspace, workspaces_schedule")
                                began = time.perf_counter()
                                step()
                                times[shape, size, what, runner].append(time.perf_counter() - began)
                print(f"  {shape}, {size:,}", flush=True)
    return times


def rounds(runner: str, shape: str, size: int, *, quick: bool) -> int:
    """The number of rounds: `rowwise` takes two minutes for 10,000 workspaces."""
    if runner == "rowwise":
        return int(size <= JUDGED and (shape == MAIN or not quick))
    if size > JUDGED:
        return 3 if shape == MAIN else 1
    if quick:
        return 2 if shape == MAIN else 1
    return 5


Step = tuple[str, Callable[[], Any]]


def steps(runner: str, link: psycopg.Connection, place: Place, *, shape: str, n: int) -> Iterator[Step]:
    """The operations in order, each on the result of the one before. Preparations between them are not timed."""
    told = Told(
        first=tree(shape, n),
        elsewhere=tree(shape, n, moved=1),
        again_elsewhere=tree(shape, n, moved=2),
        changed=tree(shape, n, moved=2, news="what is old"),
    )
    assert len({each.digest for each in told}) == len(told)  # computed here, because they belong to reading
    yield from {"rowwise": _rowwise, "floor": _floor, "ours": _ours}[runner](link, place, told)


class Told(NamedTuple):
    """The templates in the order in which they are imported."""

    first: Template
    elsewhere: Template
    again_elsewhere: Template
    changed: Template


def _rowwise(link: psycopg.Connection, place: Place, told: Told) -> Iterator[Step]:
    yield "import", partial(rowwise.import_template, link, place, told.first)
    yield "import again", partial(rowwise.import_template, link, place, told.first)
    give_tokens(link, place)
    yield "reconcile", partial(rowwise.reconcile, link, place, told.elsewhere)
    give_tokens(link, place)
    yield REMOVAL, partial(rowwise.delete, link, place, live_ids(link, place))


def _floor(link: psycopg.Connection, place: Place, told: Told) -> Iterator[Step]:
    yield "import", partial(floor.import_template, link, place, told.first)
    yield "import again", partial(floor.import_again, link, place, told.first)
    give_tokens(link, place)
    yield "reconcile", partial(floor.reconcile, link, place, told.elsewhere)
    yield "move", partial(floor_changes.move, link, place, told.again_elsewhere)
    yield "update", partial(floor_changes.update, link, place, told.changed)
    give_tokens(link, place)
    yield REMOVAL, partial(floor.delete, link, place, root_ids(link, place))


def _ours(link: psycopg.Connection, place: Place, told: Told) -> Iterator[Step]:
    yield "import", partial(ours.import_template, place, told.first)
    yield "import again", partial(ours.reconcile, place, told.first)
    give_tokens(link, place)
    yield PREVIEW, partial(ours.preview, place, told.elsewhere)
    yield "reconcile", partial(ours.replace, place, told.elsewhere, removals=told.elsewhere.count())
    yield "move", partial(ours.reconcile, place, told.again_elsewhere)
    yield "update", partial(ours.reconcile, place, told.changed)
    give_tokens(link, place)
    yield REMOVAL, partial(ours.delete, root_ids(link, place))
    yield UNDO, partial(ours.undo, place)


# ---- judging


def ratios(times: Times, sizes: list[int]) -> Iterator[Finding]:
    for what, (above, below) in LIMITS.items():
        floors = _compared(times, sizes, what, of="ours", to="floor")
        where = max(floors, key=floors.__getitem__)
        yield Finding(what=f"{what}: times the floor", measured=floors[where], limit=above, detail=f"at worst: {where}")
        if below is None:
            continue
        rows = _compared(times, sizes, what, of="rowwise", to="ours")
        where = min(rows, key=rows.__getitem__)
        yield Finding(
            what=f"{what}: faster than rowwise", measured=rows[where], limit=below, at_least=True,
            detail=f"at worst: {where}",
        )  # fmt: skip


def _compared(times: Times, sizes: list[int], what: str, *, of: str, to: str) -> dict[str, float]:
    """Shape and size → ratio of the medians, if both runners ran."""
    return {
        f"{shape}, {size:,}": median(times[shape, size, what, of]) / median(times[shape, size, what, to])
        for shape in SHAPES
        for size in sizes
        if times[shape, size, what, of] and times[shape, size, what, to]
    }


def previews(times: Times, sizes: list[int]) -> Iterator[Finding]:
    size = sizes[0]
    shares = {s: median(times[s, size, PREVIEW, "ours"]) / median(times[s, size, "reconcile", "ours"]) for s in SHAPES}
    where = max(shares, key=shares.__getitem__)
    yield Finding(
        what=f"{PREVIEW}, of {size:,} against {size:,} live: part of applying it", measured=100 * shares[where],
        limit=10, unit="%", detail=f"at worst: {where}",
    )  # fmt: skip


def undos(times: Times, sizes: list[int]) -> Iterator[Finding]:
    """Nothing else has a way back: an undo is measured against the removal that it takes back."""
    parts = {
        f"{shape}, {size:,}": median(times[shape, size, UNDO, "ours"]) / median(times[shape, size, REMOVAL, "ours"])
        for shape in SHAPES
        for size in sizes
    }
    where = max(parts, key=parts.__getitem__)
    yield Finding(what=f"{UNDO}: times it", measured=parts[where], limit=2, detail=f"at worst: {where}")


def growth(times: Times, sizes: list[int]) -> Iterator[Finding]:
    low, high = (1_000 if 10_000 in sizes else sizes[0]), sizes[-1]
    if low == high:
        return
    for what in (*LIMITS, PREVIEW, UNDO):
        few, many = (median(times[MAIN, size, what, "ours"]) for size in (low, high))
        yield Finding(
            what=f"{what}: exponent of growth", measured=log(many / few) / log(high / low), limit=1.1, unit="",
            detail=f"{low:,} to {high:,}",
        )  # fmt: skip


def table(times: Times, shape: str, sizes: list[int]) -> Table:
    head = (shape, "n", "rowwise, ms", "floor, ms", "ours, ms", "ours / floor", "rowwise / ours")
    ran = [(what, size) for what in (*LIMITS, PREVIEW, UNDO) for size in sizes if times[shape, size, what, "ours"]]
    return Table(head=head, rows=[_row(times, shape, size, what) for what, size in ran])


def _row(times: Times, shape: str, size: int, what: str) -> list[str]:
    row, low, own = (median(times[shape, size, what, r] or [0]) for r in ("rowwise", "floor", "ours"))
    cells = [f"{seconds * 1000:,.1f}" if seconds else "" for seconds in (row, low, own)]
    return [what, f"{size:,}", *cells, f"{own / low:.2f}" if low else "", f"{row / own:.1f}" if row else ""]
