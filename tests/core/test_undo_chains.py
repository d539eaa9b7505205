"""Where one thing that an undo cannot take back leads to the next, and what protection holds."""

from __future__ import annotations

from textwrap import dedent as text

from tests.undo_stories import content, created, live, moved, removed, shown, undo, updated

# ---- one thing leads to the next


def test_one_that_cannot_move_back_is_in_the_way_of_the_next() -> None:
    have = live("PM", "PM/A#2", "A", "Ops", "Ops/B#3")
    assert shown(have, moved("PM/A", "A"), moved("A#3", "Ops/B#3")) == text("""
        × A    another workspace has the name A at its place: rename or remove that one first
        · Ops  that run did not touch it
        ×   B  another workspace has the name A at its place: rename or remove that one first
        · PM   that run did not touch it
        ·   A  that run did not touch it
        Plan: 0 to create, 0 to keep, 0 to remove. 2 stay as they are.
    """)


def test_what_stays_holds_what_the_run_made_above_it() -> None:
    have = live("Dev#2", "New", "New/Team", "Team/Dev", "New/Other")
    did = created("New"), created("New/Team"), created("New/Other"), moved("Dev", "Team/Dev")
    assert shown(have, *did) == text("""
        · Dev      that run did not touch it
        # New      above Dev, which can't move back
        -   Other  created by that run
        #   Team   above Dev, which can't move back
        ×     Dev  another workspace has the name Dev at its place: rename or remove that one first
        Plan: 0 to create, 0 to keep, 1 to remove. 3 stay as they are.
    """)


def test_what_is_held_is_in_the_way_of_what_would_come_back() -> None:
    have = live("Dev#2", "Dev#2/QA", protected=["Dev#2/QA"])
    assert shown(have, created("Dev#2"), removed("Dev"), removed("Dev/Docs")) == text("""
        # Dev     above QA, which is protected: clear that protection first
        #   QA    protected: clear its protection first
        × Dev     another workspace has the name Dev at its place: rename or remove that one first
        ×   Docs  it stood below Dev, which is gone: restore that one first
        Plan: 0 to create, 0 to keep, 0 to remove. 3 stay as they are.
    """)


def test_of_a_circle_the_first_one_stays() -> None:
    have = live("C", "C/B", "B/A", "A#2")
    assert shown(have, moved("A", "B/A"), moved("A/B", "C/B"), moved("B/C", "C")) == text("""
        · A      that run did not touch it
        × C      it would stand below itself: move the workspaces between them first
        ×   B    it would stand below itself: move the workspaces between them first
        ×     A  another workspace has the name A at its place: rename or remove that one first
        Plan: 0 to create, 0 to keep, 0 to remove. 3 stay as they are.
    """)


def test_one_that_is_in_the_way_but_moves_away_is_in_nobodys_way() -> None:
    have = live("Dev#2", "Old")
    assert shown(have, moved("Old/Dev#2", "Dev#2"), removed("Dev")) == text("""
        ^ Dev    removed by that run
        · Old    that run did not touch it
        >   Dev  from Dev
        Plan: 1 to restore, 0 to create, 0 to keep, 1 to move, 0 to remove.
    """)


def test_one_that_goes_is_in_nobodys_way() -> None:
    assert shown(live("Dev#2", "Dev#2/Docs"), created("Dev#2"), removed("Dev")) == text("""
        - Dev     created by that run
        !   Docs  below a removed workspace, not made by that run
        ^ Dev     removed by that run
        Plan: 1 to restore, 0 to create, 0 to keep, 2 to remove (1 of them collateral).
    """)


# ---- held


def test_a_protected_one_holds_what_stands_above_it_and_the_rest_goes() -> None:
    have = live("New", "New/Team", "Team/Dev", "New/Other", protected=["Team/Dev"])
    assert shown(have, created("New"), created("New/Team"), created("Team/Dev"), created("New/Other")) == text("""
        # New      above Dev, which is protected: clear that protection first
        -   Other  created by that run
        #   Team   above Dev, which is protected: clear that protection first
        #     Dev  protected: clear its protection first
        Plan: 0 to create, 0 to keep, 1 to remove. 3 stay as they are.
    """)


def test_a_protected_one_that_moves_away_holds_nothing() -> None:
    have = live("New", "New/Dev", protected=["New/Dev"])
    assert shown(have, created("New"), moved("Dev", "New/Dev")) == text("""
        > Dev  from New › Dev
        - New  created by that run
        Plan: 0 to create, 0 to keep, 1 to move, 1 to remove.
    """)


def test_what_is_held_gets_its_fields_back_all_the_same() -> None:
    have = live("New", "New/Lead", "Lead/Dev", protected=["Lead/Dev"])
    did = created("New"), updated("Lead", role=("old", "new"))
    assert shown(have, *did, contents={"Lead": content(role="new")}) == text("""
        # New      above Dev, which is protected: clear that protection first
        ~   Lead   put back: role; above Dev, which is protected: clear that protection first
        #     Dev  protected: clear its protection first
        Plan: 0 to create, 0 to keep, 1 to update, 0 to remove. 1 stays as they are.
    """)


def test_a_page_can_tell_that_what_is_above_is_in_the_way() -> None:
    plan = undo(live("PM", "PM/QA", "PM/Ops#2"), removed("Lead/Dev"), moved("Lead/QA", "PM/QA"), removed("PM/Ops"))
    assert {row.name: row.lacks_parent for row in plan.cannot} == {"Dev": True, "QA": True, "Ops": False}
