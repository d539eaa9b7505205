"""Imports that move and change workspaces whose containers run: the engine is asked for no more than it takes."""

from __future__ import annotations

from tests.trees import AFTER, BEFORE
from tests.worker.yard import Yard


def test_a_moved_workspace_keeps_its_container_its_start_its_volumes_and_its_tokens(yard: Yard) -> None:
    yard.merge(BEFORE)
    yard.plan_daily("Infra Lead")
    yard.settle()
    before = (yard.running(), yard.left(), yard.tokens(), yard.schedules())
    yard.reconcile(AFTER)
    yard.settle()
    assert yard.told("moved") == ["Dev Lead", "Infra Lead"]
    assert (yard.running(), yard.left(), yard.tokens(), yard.schedules()) == before


def test_a_new_prompt_is_delivered_to_containers_that_run_on(yard: Yard) -> None:
    yard.merge({"PM": {"QA": {}}})
    yard.settle()
    before = (yard.running(), yard.tokens())
    yard.reconcile({"PM": {}, "QA": {}}, system_prompt="Look twice.")
    yard.settle()
    assert (yard.told("moved"), yard.told("updated"), yard.told("restarted")) == (["QA"], ["PM"], [])
    assert (yard.running(), yard.tokens()) == before
    for name in ("PM", "QA"):
        assert yard.inside(yard.key(name), "cat", "/config/.orgsite/prompts/system.md") == "Look twice."
