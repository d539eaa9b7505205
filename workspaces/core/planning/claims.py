"""The rows that nodes were, by their `previously`: a name means the unmatched rows of that name, a path the row there.

Together the entries of a node must mean exactly one row, and no other unmatched node may mean the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from workspaces.core.planning.match_sides import MOST_LISTED, LiveRows, Nodes, first_few
from workspaces.core.planning.plan_rows import Live
from workspaces.core.template import Entry


class Left(Protocol):
    """The nodes and rows that are still without a match."""

    nodes: Nodes
    rows: LiveRows

    def free(self, name: str) -> Mapping[int, Live]: ...

    def is_unmatched(self, index: int) -> bool: ...

    def look_again_at_claim(self, index: int) -> None: ...


class Claims:
    """The rows that nodes claim to have been."""

    def __init__(self, left: Left) -> None:
        self._search = left
        self._by_name: defaultdict[str, list[int]] = defaultdict(list)
        self._by_row: defaultdict[int, list[int]] = defaultdict(list)
        self._rows: defaultdict[int, list[Live]] = defaultdict(list)  # that a node's paths lead to
        for index, (node, _) in enumerate(left.nodes.all):
            for entry in node.previously:
                if isinstance(entry, str):
                    self._by_name[entry].append(index)
                elif row := left.rows.at(entry):
                    self._by_row[row.id.int].append(index)
                    self._rows[index].append(row)

    def granted(self, index: int) -> Live | None:
        row = self._meant(index)
        return None if row is None or next(self._rivals(index, row), None) is not None else row

    def means_any(self, index: int) -> bool:
        """Whether the node means a row that is left, or several."""
        return next(self._candidates(index), None) is not None

    def taken(self, index: int, row: Live) -> None:
        """A node and a row are matched: others may mean one row alone now, or be the only ones that mean it."""
        for meant in (row, self._meant(index)):
            if meant:
                name = self._search.rows.name[meant.id.int]
                for group in (self._by_row.get(meant.id.int, ()), self._left(self._by_name.get(name, ()), name)):
                    for other in group:
                        self._search.look_again_at_claim(other)

    def _left(self, group: Collection[int], name: str) -> Collection[int]:
        return group if len(self._search.free(name)) <= 1 else ()

    def _meant(self, index: int) -> Live | None:
        """The one row, or None for none and for several."""
        rows: dict[int, Live] = {}
        for row in self._candidates(index):
            rows[row.id.int] = row
            if len(rows) > 1:
                return None
        return next(iter(rows.values()), None)

    def _candidates(self, index: int) -> Iterator[Live]:
        for row in self._rows.get(index, ()):
            if self._is_free(row):
                yield row
        for entry in self._search.nodes.all[index].node.previously:
            if isinstance(entry, str):
                yield from self._search.free(entry).values()

    def _rivals(self, index: int, row: Live) -> Iterator[int]:
        for group in (self._by_name.get(self._search.rows.name[row.id.int], ()), self._by_row.get(row.id.int, ())):
            for other in group:
                if other != index and self._search.is_unmatched(other) and self._meant(other) is row:
                    yield other

    def doubts(self, unmatched: Iterable[int]) -> Iterator[str]:
        """A sentence for each row that several nodes say they were, and for each list that means several rows."""
        same: defaultdict[int, list[int]] = defaultdict(list)
        unclear: defaultdict[tuple[Entry, ...], list[int]] = defaultdict(list)
        for index in unmatched:
            entries = self._search.nodes.all[index].node.previously
            row = self._meant(index) if entries else None
            if row:
                same[row.id.int].append(index)
            elif entries and self._number_of_candidates(index) > 1:
                unclear[entries].append(index)
        for key, indices in same.items():
            if len(indices) > 1:
                row = self._search.rows.by_id[key]
                meant = self._search.rows.listed([row])
                yield f"{self._named(indices)}: `previously` of each means {meant}; none of them is matched with it"
        for indices in unclear.values():
            yield f"{self._named(indices)}: `previously` could mean {self._several(indices[0])}; write the path"

    def not_followed(self, in_place: Iterable[int]) -> Iterator[str]:
        """A sentence for each row left over that nodes say they were, although they stand at their places already."""
        same: defaultdict[int, list[int]] = defaultdict(list)
        for index in in_place:
            row = self._meant(index) if self._search.nodes.all[index].node.previously else None
            if row:
                same[row.id.int].append(index)
        for key, indices in same.items():
            meant = self._search.rows.listed([self._search.rows.by_id[key]])
            yield f"{self._named(indices)}: live in place, so `previously` is not followed; {meant} is left over"

    def _named(self, indices: Sequence[int]) -> str:
        return first_few(map(self._search.nodes.path, indices), len(indices))

    def _several(self, index: int) -> str:
        if (number := self._number_of_candidates(index)) > MOST_LISTED:
            return f"any of {number:,}"
        return self._search.rows.listed(list({row.id.int: row for row in self._candidates(index)}.values()))

    def _number_of_candidates(self, index: int) -> int:
        """A row that two entries mean counts twice."""
        names = {entry for entry in self._search.nodes.all[index].node.previously if isinstance(entry, str)}
        return sum(len(self._search.free(name)) for name in names) + sum(map(self._is_free, self._rows.get(index, ())))

    def _is_free(self, row: Live) -> bool:
        return row.id.int in self._search.free(self._search.rows.name[row.id.int])
