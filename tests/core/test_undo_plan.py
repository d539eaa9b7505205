"""What an undo does with each thing that a run did, and with what has happened since, as the preview shows it."""

from __future__ import annotations

from textwrap import dedent as text

from tests.undo_stories import (
    LATER,
    content,
    created,
    live,
    moved,
    removed,
    restored,
    shown,
    updated,
)
from workspaces.core.containers.data_policy import DataFate

# ---- taken back


def test_what_was_removed_comes_back_where_it_stood() -> None:
    assert shown(live("PM"), removed("PM/Lead"), removed("PM/Lead/Dev")) == text("""
        · PM       that run did not touch it
        ^   Lead   removed by that run
        ^     Dev  removed by that run
        Plan: 2 to restore, 0 to create, 0 to keep, 0 to remove.
    """)


def test_what_was_created_goes() -> None:
    assert shown(live("PM", "PM/New"), created("PM/New")) == text("""
        · PM     that run did not touch it
        -   New  created by that run
        Plan: 0 to create, 0 to keep, 1 to remove.
    """)


def test_what_an_undo_restored_goes_again() -> None:
    assert shown(live("PM", "PM/Dev"), restored("PM/Dev")) == text("""
        · PM     that run did not touch it
        -   Dev  restored by that run
        Plan: 0 to create, 0 to keep, 1 to remove.
    """)


def test_what_moved_goes_back_with_all_below_it() -> None:
    assert shown(live("PM", "Ops", "Ops/Dev", "Dev/QA"), moved("PM/Dev", "Ops/Dev")) == text("""
        · Ops     that run did not touch it
        · PM      that run did not touch it
        >   Dev   from Ops › Dev
        ·     QA  comes along with Dev
        Plan: 0 to create, 0 to keep, 1 to move, 0 to remove.
    """)


def test_a_new_name_is_taken_back_too() -> None:
    assert shown(live("PM", "PM/New#1"), moved("PM/Old#1", "PM/New#1")) == text("""
        · PM     that run did not touch it
        >   Old  from PM › New
        Plan: 0 to create, 0 to keep, 1 to move, 0 to remove.
    """)


def test_two_that_changed_places_change_them_again() -> None:
    assert shown(live("B", "B/A"), moved("A/B", "B"), moved("A", "B/A")) == text("""
        > A    from B › A
        >   B  from B
        Plan: 0 to create, 0 to keep, 2 to move, 0 to remove.
    """)


def test_a_field_is_put_back_and_a_move_says_so() -> None:
    have, was = live("PM", "Ops", "Ops/Dev"), content(role="new")
    assert shown(have, moved("PM/Dev", "Ops/Dev", role=("old", "new")), contents={"Dev": was}) == text("""
        · Ops    that run did not touch it
        · PM     that run did not touch it
        >   Dev  from Ops › Dev; put back: role
        Plan: 0 to create, 0 to keep, 1 to move, 0 to remove.
    """)


def test_what_is_back_already_is_kept() -> None:
    did = removed("PM/Dev"), moved("PM/QA", "QA"), updated("PM/Ops", role=("old", "new"))
    assert shown(live("PM", "PM/Dev", "PM/QA", "PM/Ops"), *did, contents={"Ops": content(role="old")}) == text("""
        · PM     that run did not touch it
        =   Dev  back already
        =   Ops  as it was before that run
        =   QA   as it was before that run
        Plan: 0 to create, 3 to keep, 0 to remove.
    """)


def test_what_was_created_and_is_gone_needs_no_word() -> None:
    assert shown(live("PM"), created("PM/New")) == text("""
        · PM  that run did not touch it
        Plan: 0 to create, 0 to keep, 0 to remove.
    """)


# ---- in the way


def test_a_name_that_is_taken() -> None:
    assert shown(live("PM", "PM/Dev#2"), removed("PM/Dev"), removed("PM/Dev/QA")) == text("""
        · PM      that run did not touch it
        ·   Dev   that run did not touch it
        ×   Dev   another workspace has the name Dev at its place: rename or remove that one first
        ×     QA  it stood below PM › Dev, which is gone: restore that one first
        Plan: 0 to create, 0 to keep, 0 to remove. 2 stay as they are.
    """)


def test_a_parent_that_is_gone() -> None:
    assert shown(live("PM"), removed("PM/Lead/Dev")) == text("""
        × Dev  it stood below PM › Lead, which is gone: restore that one first
        · PM   that run did not touch it
        Plan: 0 to create, 0 to keep, 0 to remove. 1 stays as they are.
    """)


def test_a_parent_that_is_gone_for_one_that_moved() -> None:
    assert shown(live("PM", "PM/Dev"), moved("Lead/Dev", "PM/Dev")) == text("""
        · PM     that run did not touch it
        ×   Dev  the workspace above its place is gone: restore that one first
        Plan: 0 to create, 0 to keep, 0 to remove. 1 stays as they are.
    """)


def test_a_place_below_one_that_goes() -> None:
    assert shown(live("New", "New/Lead", "PM", "PM/Dev"), created("New"), moved("Lead/Dev", "PM/Dev")) == text("""
        - New     created by that run
        !   Lead  below a removed workspace, not made by that run
        · PM      that run did not touch it
        ×   Dev   the workspace above its place would go: move that one elsewhere first
        Plan: 0 to create, 0 to keep, 2 to remove (1 of them collateral). 1 stays as they are.
    """)


def test_a_place_below_itself() -> None:
    assert shown(live("Dev", "Dev/Lead"), moved("Lead/Dev", "Dev")) == text("""
        × Dev     it would stand below itself: move the workspaces between them first
        ·   Lead  that run did not touch it
        Plan: 0 to create, 0 to keep, 0 to remove. 1 stays as they are.
    """)


def test_a_workspace_that_moved_since() -> None:
    assert shown(live("PM", "Ops", "Ops/Dev"), moved("PM/Dev", "Dev")) == text("""
        · Ops    that run did not touch it
        ×   Dev  moved since: it stays where it is; move it by a template
        · PM     that run did not touch it
        Plan: 0 to create, 0 to keep, 0 to remove. 1 stays as they are.
    """)


def test_a_workspace_that_was_removed_since() -> None:
    did = moved("PM/Dev", "Dev").and_removed("Dev"), updated("PM/QA", role=("", "x")).and_removed("PM/QA")
    assert shown(live("PM"), *did) == text("""
        × Dev   removed since: restore it first
        · PM    that run did not touch it
        ×   QA  removed since: restore it first
        Plan: 0 to create, 0 to keep, 0 to remove. 2 stay as they are.
    """)


def test_a_workspace_that_another_run_has_removed_again() -> None:
    assert shown(live("PM"), removed("PM/Dev", by=LATER)) == text("""
        · PM     that run did not touch it
        ×   Dev  removed again since, by another run: undo that one
        Plan: 0 to create, 0 to keep, 0 to remove. 1 stays as they are.
    """)


def test_a_workspace_that_was_removed_as_this_run_was_done_again() -> None:
    assert shown(live("PM"), removed("PM/Dev", by=LATER), again=[LATER]) == text("""
        · PM     that run did not touch it
        ^   Dev  removed by that run
        Plan: 1 to restore, 0 to create, 0 to keep, 0 to remove.
    """)


def test_data_that_is_being_destroyed() -> None:
    assert shown(live("PM"), removed("PM/Dev", data=DataFate.GOES)) == text("""
        · PM     that run did not touch it
        ×   Dev  its data is being destroyed just now: look again in a moment
        Plan: 0 to create, 0 to keep, 0 to remove. 1 stays as they are.
    """)


def test_a_field_that_was_changed_since() -> None:
    did, mine = updated("PM", role=("old", "new"), tier=(1, 2)), content(role="mine", tier=2)
    assert shown(live("PM"), did, contents={"PM": mine}) == text("""
        ~ PM  put back: tier; changed since, left as it is: role
        Plan: 0 to create, 0 to keep, 1 to update, 0 to remove. 1 stays as they are.
    """)


def test_files_that_are_no_longer_stored() -> None:
    did, have = updated("PM", files=("old", "new")), content(files="new")
    assert shown(live("PM"), did, contents={"PM": have}) == text("""
        × PM  the files it had are no longer stored: import them again
        Plan: 0 to create, 0 to keep, 0 to remove. 1 stays as they are.
    """)
    assert shown(live("PM"), did, contents={"PM": have}, files=["old"]) == text("""
        ~ PM  put back: files
        Plan: 0 to create, 0 to keep, 1 to update, 0 to remove.
    """)


def test_a_schedule_that_people_made_by_that_name() -> None:
    did = updated("PM", schedules__Pulse=({"cron_expr": "@daily"}, None))
    assert shown(live("PM"), did, contents={"PM": content(by_hand=["Pulse"])}) == text("""
        × PM  a schedule made by hand has the name Pulse: rename or delete that one first
        Plan: 0 to create, 0 to keep, 0 to remove. 1 stays as they are.
    """)


# ---- data


def test_one_whose_data_was_destroyed_comes_back_empty() -> None:
    assert shown(live(), removed("Dev", data=DataFate.DESTROYED)) == text("""
        ^ Dev  removed by that run; its data was destroyed, it comes back empty
        Plan: 1 to restore, 0 to create, 0 to keep, 0 to remove.
    """)


def test_one_whose_machine_does_not_answer_waits_for_it() -> None:
    assert shown(live(), removed("Dev", node="east")) == text("""
        ^ Dev  removed by that run; its data is on east, which does not answer: it starts when that is back
        Plan: 1 to restore, 0 to create, 0 to keep, 0 to remove.
    """)
