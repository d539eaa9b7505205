"""The plan of an import, decided here and nowhere else: live rows + template + mode + options → `Plan`.

Three pure steps. `match` says which live workspace is which node; `effects` give each its action and cause; a third
one, `policy.judge`, then says what the plan asks of its caller. Preview shows the plan, apply carries out its
operations, and the fingerprint ties the two together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from workspaces.core.containers.restart_rule import NO_CONTAINERS, RestartRule
from workspaces.core.planning.effects import empty_set_warning, merge, reconcile
from workspaces.core.planning.field_diff import Content, FieldDiff, compare
from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.match_sides import LiveRows
from workspaces.core.planning.matching import Matching, match
from workspaces.core.planning.merged_tree import Pair, merged_tree
from workspaces.core.planning.plan_rows import PLANNED, Live
from workspaces.core.planning.plan_values import IMPORT_MODES, Mode, Plan
from workspaces.core.template import Node, Template
from workspaces.errors import UnknownMode

Contents = Mapping[UUID, Content]
"""The fields of live workspaces, by id."""

ReadContents = Callable[[Collection[UUID]], Contents]


def parse_mode(text: str | None) -> Mode:
    """The mode of an import that a caller named; nothing and "" mean merge. Raises UnknownMode."""
    wanted = text or Mode.MERGE
    if wanted not in IMPORT_MODES:
        raise UnknownMode(f'Unknown mode "{text}"; use merge or reconcile.')
    return Mode(wanted)


def plan_import(
    *,
    have: Collection[Live],
    want: Template,
    mode: Mode,
    options: ImportOptions | None = None,
    last_run: UUID | None = None,
    read: ReadContents = lambda _: {},
    containers: RestartRule = NO_CONTAINERS,
) -> Plan:
    """Decide the effect of importing `want` over `have` (all live rows of one organization).

    `last_run` is the organization's last run that changed something. `read` gets the contents of workspaces that may
    not be what the template says; it is called once. `containers` says what changes mean for a container.
    """
    chosen = options or ImportOptions.of(mode)
    comparison = Comparison(have=have, want=want, last_run=last_run, containers=containers)
    return comparison.plan(mode, chosen, contents=read(comparison.in_doubt(chosen)))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A template beside all live rows of one organization. What several plans share is made once; all of them get the
    same contents."""

    have: Collection[Live]
    want: Template
    last_run: UUID | None = None
    containers: RestartRule = NO_CONTAINERS
    _laid: dict[tuple[bool, Prefer], tuple[Matching, list[Pair]]] = field(default_factory=dict, init=False)
    _differences: dict[tuple[int, int, bool], FieldDiff | None] = field(default_factory=dict, init=False)
    _doubtful: dict[tuple[bool, Prefer, bool], Mapping[int, Live]] = field(default_factory=dict, init=False)

    def in_doubt(self, *several: ImportOptions) -> set[UUID]:
        """The matched workspaces that may not be what the template says: a plan needs their `Contents`."""
        return {live.id for options in several for live in self._in_doubt(options).values()}

    def plan(self, mode: Mode, options: ImportOptions, *, contents: Contents) -> Plan:
        """The plan of an import in this mode, `merge` or `reconcile`. Pure and stable."""
        matching, pairs = self._overlay(options)
        doubtful = self._in_doubt(options)

        def difference(node: Node, live: Live) -> FieldDiff | None:
            if live.id.int not in doubtful:
                return None
            key = (id(node), live.id.int, options.overwrite)
            if key not in self._differences:
                self._differences[key] = self._difference(node, live, contents[live.id], overwrite=options.overwrite)
            return self._differences[key]

        rows = merge(pairs, self.want, options=options, compare=difference, superseded=matching.superseded)
        warnings = (*self.want.warnings, *matching.warnings)
        if mode is Mode.RECONCILE:
            warning = empty_set_warning(self.want, rows)
            rows = rows if warning else reconcile(rows)
            warnings += (warning,) if warning else ()
        return Plan(
            mode=mode,
            template=self.want,
            rows=tuple(rows),
            warnings=warnings,
            fingerprint=self.fingerprint(mode, options, contents=contents),
        )

    def _difference(self, node: Node, live: Live, have: Content, *, overwrite: bool) -> FieldDiff | None:
        found = compare(node, have, ours=self.want.lineage, overwrite=overwrite, containers=self.containers)
        return None if not found.is_something and not live.differs and _is_noted(found, live) else found

    def fingerprint(self, mode: Mode, options: ImportOptions, *, contents: Contents) -> str:
        """SHA-256 (hex) over all that a plan reads: mode, options, template, the live rows, the fields of those in
        doubt, and the last run that changed something. So the fingerprint of a plan that changed something never fits
        again.
        """
        doubtful = self._in_doubt(options)
        fields = [_facts(live, contents[live.id]) for _, live in sorted(doubtful.items())]
        read = [mode, options.text, self.want.digest, self._seen, _digest(_CANONICAL.encode(fields))]
        return hashlib.sha256(" ".join([*read, str(self.last_run or "")]).encode()).hexdigest()

    def _overlay(self, options: ImportOptions) -> tuple[Matching, list[Pair]]:
        key = (options.moves, options.prefer)
        if key not in self._laid:
            prefer_oldest = options.prefer is Prefer.OLDEST
            matching = match(self._rows, self.want, moves=options.moves, prefer_oldest=prefer_oldest)
            self._laid[key] = (matching, merged_tree(self._rows, matching))
        return self._laid[key]

    def _in_doubt(self, options: ImportOptions) -> Mapping[int, Live]:
        """By number, all but what is as this template says now and as it said last, or as another one does from which
        nothing is taken over.
        """
        key = (options.moves, options.prefer, options.overwrite)
        if key not in self._doubtful:
            ours, earlier, overwrite = self.want.name, self.want.previously, options.overwrite
            self._doubtful[key] = {
                live.id.int: live
                for _, _, node, live, *_ in self._overlay(options)[1]
                if node and live
                if live.declared_digest != node.digest
                or live.differs
                or (live.template != ours and (overwrite or live.template in earlier))
            }
        return self._doubtful[key]

    @cached_property
    def _rows(self) -> LiveRows:
        return LiveRows(self.have)

    @cached_property
    def _seen(self) -> str:
        # Numbers, because UUIDs would be compared in Python.
        rows = sorted((row.id.int, row.parent_id and row.parent_id.int, *row[2:PLANNED]) for row in self.have)
        return _digest(repr(rows))


def _is_noted(found: FieldDiff, live: Live) -> bool:
    """Whether the row says already what is to be remembered. One of an earlier version has no digest yet."""
    return found.foreign or (found.template == live.template and found.declared_digest == live.declared_digest)


def _facts(live: Live, have: Content) -> tuple[object, ...]:
    declared = None if live.declared_digest else have.declared  # the digest is among the rows
    return have.live, declared, sorted(have.by_hand), have.template


# A stored preview has the same fields in another order, as PostgreSQL keeps them.
_CANONICAL = json.JSONEncoder(sort_keys=True, check_circular=False)


def _digest(facts: str) -> str:
    return hashlib.sha256(facts.encode(errors="surrogatepass")).hexdigest()
