"""The sentence that answers "what happened at 20:13?". Pure: no database."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from audit.models import StructureEvent
from audit.payload import type_of
from tests.audit.events import (
    COMPLETED,
    CREATED,
    FAILED,
    ONLINE,
    RELEASED,
    REMOVED,
    completed,
    event,
    key,
    numbered,
    reconciled,
    started,
    when,
)
from workspaces.admin.timeline.sentences import SentenceFacts, tell
from workspaces.admin.timeline.wording import clock


def told(*minute: StructureEvent, **elsewhere: Any) -> list[str]:
    """The paragraphs about a minute in which these events happened."""
    numbered(*minute)
    facts = SentenceFacts(
        minute=when("20:13"),
        runs=tuple(one for one in minute if one.event_type.startswith("org.")),
        by_hand=tuple(one for one in minute if not one.import_id and one.event_type in (CREATED, REMOVED)),
        counts=Counter((type_of(one), one.import_id) for one in minute),
        **elsewhere,
    )
    return ["".join(part.text for part in words) for words in tell(facts, names={"acme": "Acme Dev"})]


RUN = f"run {key('merge').hex[:8]}"


def test_a_merge_tells_who_what_where_and_what_it_left_running() -> None:
    assert told(started(), completed()) == [
        f"alice applied merge of dev.yaml to Acme Dev ({RUN}). It created 8 workspaces, kept 1 and removed none. "
        "Live workspaces went from 9 to 17. 8 duplicates were left running."
    ]


def test_workspaces_of_a_told_import_are_not_told_twice() -> None:
    kinds = (CREATED, ONLINE, REMOVED, RELEASED)
    assert len(told(started(), *(event(kind, of="PM", run="merge") for kind in kinds), completed())) == 1


def test_a_reconcile_tells_how_many_went_and_how_many_were_collateral() -> None:
    (words,) = told(reconciled(reconcile_removed_count=10, collateral_count=2, live_after=7))
    assert "It created 0 workspaces, kept 9 and removed 10, 2 of them collateral." in words
    assert words.endswith("Live workspaces went from 17 to 7.")


def test_an_import_that_changed_nothing_says_so() -> None:
    (words,) = told(reconciled(reconcile_removed_count=0, live_before=9))
    assert words.endswith(". It changed nothing: 9 workspaces kept.")


def test_what_was_held_back_and_the_reason_given_are_told() -> None:
    held = [{"id": "1", "name": "Vault", "error": "protected"}]
    (words,) = told(reconciled(reconcile_errors=held, reason="tidy up"))
    assert words.endswith(" Kept although due for removal: Vault (protected). Reason given: “tidy up”.")


def test_duplicates_that_the_run_names_are_followed_one_by_one() -> None:
    names = [f"W{n}" for n in range(8)]
    by_run = [event(REMOVED, "20:31:06", of=name, run="reconcile") for name in names[:7]]
    by_hand = event(REMOVED, "2026-05-14 09:05:00", of="W7", actor="bob")
    numbered(*[started()] * 8, *by_run, by_hand)
    (words,) = told(completed(left_running=[str(key(name)) for name in names]), removed_later=(*by_run, by_hand))
    assert f"; 7 workspaces with these names removed at 20:31 by run {key('reconcile').hex[:8]};" in words
    assert words.endswith("; 1 workspace with these names removed at 14 May 2026 09:05 by bob.")


def test_a_failure_tells_why_and_that_nothing_was_changed() -> None:
    failed = event(FAILED, run="merge", mode="reconcile", dir="dev.yaml", error="This would remove 8 workspaces.")
    assert told(failed) == [
        f"alice tried to apply reconcile of dev.yaml to Acme Dev ({RUN}). "
        "It failed: This would remove 8 workspaces. Nothing was changed."
    ]


def test_an_interrupted_import_was_closed_by_the_system() -> None:
    failed = event(FAILED, run="merge", actor="system", mode="merge", dir="dev.yaml", error="interrupted")
    assert told(failed) == [
        f"system closed merge of dev.yaml to Acme Dev ({RUN}) as failed: interrupted. Nothing was changed."
    ]


def test_an_import_that_began_here_tells_when_it_ended() -> None:
    assert told(started(), ends=(completed("20:14:10"),)) == [
        f"alice started merge of dev.yaml to Acme Dev ({RUN}); it completed at 20:14."
    ]
    assert told(started())[0].endswith("; it has not ended yet.")


def test_a_cascade_delete_by_hand_names_what_was_chosen_and_counts_the_rest() -> None:
    top = event(REMOVED, of="Infra Lead", actor="bob", why="deleted")
    below = [event(REMOVED, of=f"W{n}", actor="bob", parent_id=str(key("Infra Lead"))) for n in range(7)]
    assert told(*below, top) == ["bob removed Infra Lead and 7 workspaces below it from Acme Dev by hand."]


def test_a_delete_by_hand_tells_the_reason_given() -> None:
    assert told(event(REMOVED, of="Scratch", why="left the project")) == [
        "alice removed Scratch from Acme Dev by hand. Reason given: “left the project”."
    ]


def test_two_acts_by_hand_are_two_paragraphs() -> None:
    assert told(event(CREATED, of="A", actor="bob"), event(REMOVED, of="B", at="20:13:30")) == [
        "bob created A in Acme Dev by hand.",
        "alice removed B from Acme Dev by hand.",
    ]


def test_everything_else_is_counted_besides() -> None:
    others = [event(ONLINE, of=f"W{n}") for n in range(3)] + [event("workspace.release_failed", of="W9")]
    counted = "3 workspaces online, 1 workspace could not be released yet."
    assert told(*others) == [counted]
    assert told(completed(), *others)[-1] == f"Besides: {counted}"


def test_an_event_of_an_unknown_type_is_told_by_its_type() -> None:
    assert told(event("workspace.painted", of="PM")) == ["1 × workspace.painted."]


def test_a_minute_without_events_tells_nothing() -> None:
    assert told() == []


@pytest.mark.parametrize(
    "payload", [None, [], "text", {"created_count": "many", "reconcile_errors": 7, "left_running": 3}]
)
def test_a_payload_that_makes_no_sense_still_makes_a_page(payload: object) -> None:
    broken = event(COMPLETED, run="merge")
    broken.payload = payload
    assert told(broken)[0].startswith("alice applied an import of a template to Acme Dev")


def test_a_time_on_another_day_has_its_date() -> None:
    assert clock(when("20:31"), on=when("20:13")) == "20:31"
    assert clock(when("2026-05-13 08:00:00"), on=when("20:13")) == "13 May 2026 08:00"
