"""What an import may do beside its mode, and what cannot be asked for together."""

from __future__ import annotations

from typing import Any

import pytest

from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import InvalidOptions


def test_merge_only_creates_and_reconcile_moves_and_updates_too() -> None:
    assert ImportOptions.of(Mode.MERGE) == ImportOptions()
    assert ImportOptions.of(Mode.RECONCILE) == ImportOptions(moves=True, updates=True)


@pytest.mark.parametrize(
    ("mode", "asked", "sentence"),
    [
        (Mode.MERGE, {"retire": True}, "retire: only with mode reconcile"),
        (Mode.MERGE, {"overwrite": True, "updates": True}, "overwrite: only with mode reconcile"),
        (Mode.MERGE, {"prefer": Prefer.OLDEST, "moves": True}, "prefer: only with mode reconcile"),
        (Mode.MERGE, {"retire": True, "overwrite": True}, "retire: only with mode reconcile; overwrite: only with"),
        (Mode.RECONCILE, {"prefer": Prefer.OLDEST, "moves": False}, "not with moves: false"),
        (Mode.RECONCILE, {"overwrite": True, "updates": False}, "not with updates: false"),
    ],
)
def test_what_does_not_go_together_is_refused(mode: Mode, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidOptions, match=sentence):
        ImportOptions.of(mode, **asked)


@pytest.mark.parametrize("asked", [{}, {"moves": True}, {"updates": True}, {"moves": True, "updates": True}])
def test_merge_may_be_asked_to_move_and_to_update(asked: dict[str, bool]) -> None:
    assert ImportOptions.of(Mode.MERGE, **asked) == ImportOptions(**asked)


def test_no_two_of_them_have_one_text() -> None:
    several = [
        ImportOptions(), ImportOptions(moves=True), ImportOptions(updates=True), ImportOptions(retire=True),
        ImportOptions(overwrite=True), ImportOptions(prefer=Prefer.OLDEST),
    ]  # fmt: skip
    assert len({each.text for each in several}) == len(several)
