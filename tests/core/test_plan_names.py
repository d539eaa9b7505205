"""Names that an older version stored with other spaces are the names they look like."""

from __future__ import annotations

import pytest

from tests.trees import Tree, as_paths, live, template
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import IMPORT_MODES, Mode, Plan
from workspaces.core.planning.render import as_text

ODD = ["Data\u00a0Analyst", "Data  Analyst", "Data\u3000Analyst", "Data \u2009Analyst"]


def plan(have: Tree, want: Tree, mode: Mode = Mode.RECONCILE, **options: bool) -> Plan:
    return plan_import(have=live(have), want=template(want), mode=mode, options=ImportOptions.of(mode, **options))


@pytest.mark.parametrize("mode", IMPORT_MODES)
@pytest.mark.parametrize("name", ODD)
def test_a_name_with_other_spaces_is_matched(name: str, mode: Mode) -> None:
    found = plan({"PM": {name: {"Kid": {}}}}, {"PM": {"Data Analyst": {"Kid": {}}}}, mode)
    assert found.changes_nothing
    assert found.skipped_count == 3


@pytest.mark.parametrize("name", ODD)
def test_the_exact_name_is_matched_before_one_that_looks_like_it(name: str) -> None:
    found = plan({name: {}, "Data Analyst": {}}, {"Data Analyst": {}}, Mode.MERGE)
    assert [row.live and row.live.name for row in found.result] == ["Data Analyst"]
    assert [row.live and row.live.name for row in found.left_running] == [name]


def test_of_several_that_look_alike_none_is_lost() -> None:
    found = plan({name: {} for name in ODD}, {"Data Analyst": {}}, Mode.MERGE)
    assert sorted(row.live.name for row in found.rows if row.live) == sorted(ODD)
    assert (found.created_count, found.skipped_count) == (0, 1)


def test_a_reconcile_finds_a_leftover_by_the_name_it_looks_like() -> None:
    have = {"PM": {}, "Old": {"Data\u00a0Analyst": {}}}
    want = {"PM": {"Data Analyst": {}}}
    assert "> PM › Data Analyst  from Old › Data Analyst" in as_paths(plan(have, want))
    assert "- Old › Data Analyst" in as_paths(plan(have, want, moves=False))


def test_what_the_template_does_not_name_stays_untouched() -> None:
    assert "· Data Analyst" in as_text(plan({"PM": {}, "Data\u00a0Analyst": {}}, {"PM": {}}))
