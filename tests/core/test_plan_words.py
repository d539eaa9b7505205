"""One sign and one word for what a plan does, wherever it is read."""

from __future__ import annotations

from audit.event_types import WORKSPACE_PROVISIONING, WORKSPACE_REMOVED
from workspaces.core.plan_words import WORDS, signed_counts
from workspaces.core.planning.plan_values import Action


def test_every_action_has_its_sign() -> None:
    assert {action: WORDS[action].sign for action in Action} == {
        "create": "+", "keep": "=", "update": "~", "move": ">", "left running": "≠", "remove": "-", "collateral": "!",
        "held": "#", "untouched": "·", "restore": "^", "cannot": "×",
    }  # fmt: skip


def test_no_sign_means_two_things() -> None:
    assert len({word.sign for word in WORDS.values()}) == len(WORDS)


def test_the_events_have_the_signs_of_the_plan() -> None:
    assert WORKSPACE_PROVISIONING.sign == WORDS["create"].sign
    assert WORKSPACE_REMOVED.sign == WORDS["remove"].sign


def test_counts_stand_behind_their_signs() -> None:
    assert signed_counts(created=8, kept=1, removed=1_200) == "+8 =1 -1,200"
    assert signed_counts(created=0, kept=6, removed=0, updated=2, moved=3) == "+0 =6 ~2 >3 -0"
    assert signed_counts(created=0, kept=1, removed=0, restored=9) == "^9 +0 =1 -0"
