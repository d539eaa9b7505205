"""The plan of an import, decided here and nowhere else: live rows + template + mode → `Plan`.

Three pure steps: `matching` pairs nodes with live rows, `diff` gives each its action and cause, `policy` judges the
result. Preview shows the plan, apply carries out its operations, and the fingerprint ties the two together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from workspaces.core.planning.diff import empty_set_warning, merge, reconcile
from workspaces.core.planning.matching import match
from workspaces.core.planning.plan_values import IMPORT_MODES, Live, Mode, Plan, Row
from workspaces.core.template import Template
from workspaces.errors import UnknownMode


def parse_mode(text: str | None) -> Mode:
    """The mode of an import that a caller named; nothing and "" mean merge. Raises UnknownMode."""
    wanted = text or Mode.MERGE
    if wanted not in IMPORT_MODES:
        raise UnknownMode(f'Unknown mode "{text}"; use merge or reconcile.')
    return Mode(wanted)


def plan_import(*, have: Collection[Live], want: Template, mode: Mode, last_run: UUID | None = None) -> Plan:
    """Decide the effect of importing `want` over `have` (all live rows of one organization). Pure and stable.

    `last_run` is the organization's last run that changed something.
    """
    return Comparison(have=have, want=want, last_run=last_run).plan(mode)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A template beside all live rows of one organization: the part that both modes share is made once."""

    have: Collection[Live]
    want: Template
    last_run: UUID | None = None

    def plan(self, mode: Mode) -> Plan:
        """The plan of an import in this mode."""
        rows, warnings = self._merged, self.want.warnings
        if mode is Mode.RECONCILE:
            warning = empty_set_warning(self.want, rows)
            rows = rows if warning else reconcile(rows)
            warnings += (warning,) if warning else ()
        return Plan(
            mode=mode,
            template=self.want,
            rows=tuple(rows),
            warnings=warnings,
            fingerprint=self.fingerprint(mode),
        )

    def fingerprint(self, mode: Mode) -> str:
        """SHA-256 (hex) over all that a plan reads: mode, template, of each live row id, parent, name and flag, and the
        last run that changed something. So the fingerprint of a plan that changed something never fits again.
        """
        read = [mode, self.want.digest, self._seen, *([str(self.last_run)] if self.last_run else [])]
        return hashlib.sha256(" ".join(read).encode()).hexdigest()

    @cached_property
    def _merged(self) -> list[Row]:
        return merge(match(self.have, self.want), self.want)

    @cached_property
    def _seen(self) -> str:
        rows = sorted((row.id.int, row.parent_id and row.parent_id.int, row.name, row.protected) for row in self.have)
        return hashlib.sha256(repr(rows).encode(errors="surrogatepass")).hexdigest()
