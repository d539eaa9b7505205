"""A form is carried out once, also by two that come at the same moment."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.trees import loaded
from workspaces.access import Actor
from workspaces.errors import NameTaken, SubmittedBefore
from workspaces.models import Organization, Submission, Workspace
from workspaces.services.submissions import carried_out_once
from workspaces.services.workspace.adding import create_workspace

KEY = "a" * 64


def test_the_second_learns_where_the_first_one_led(alice: User) -> None:
    with carried_out_once(KEY, user=alice) as outcome:
        outcome.address, outcome.sentence = "/there/", "It was done."
    with pytest.raises(SubmittedBefore, match="It was done") as repeated, carried_out_once(KEY, user=alice):
        raise AssertionError("nothing may be done a second time")
    assert repeated.value.address == "/there/"


def test_what_is_raised_undoes_everything_and_forgets_the_form(organization: Organization, alice: User) -> None:
    def act() -> None:
        with carried_out_once(KEY, user=alice) as outcome:
            node = loaded({"Attic": {}}).template.workspaces[0]
            create_workspace(organization, node, parent_id=None, actor=Actor.of(alice))
            outcome.address = "/there/"
            raise NameTaken("taken")

    with pytest.raises(NameTaken):
        act()
    assert not Workspace.objects.exists()
    assert not Submission.objects.exists()


def test_a_form_that_did_nothing_is_forgotten(alice: User) -> None:
    for _ in range(2):
        with carried_out_once(KEY, user=alice):
            pass
    assert not Submission.objects.exists()


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fails", [False, True])
def test_of_five_at_once_one_does_it_and_the_others_wait_for_its_end(
    organization: Organization, alice: User, fails: bool
) -> None:
    """Where the first one fails, one of those that wait does it instead."""
    node, barrier, told = loaded({"Attic": {}}).template.workspaces[0], Barrier(5), []
    broken = [fails]

    def press() -> None:
        barrier.wait(timeout=60)
        try:
            with carried_out_once(KEY, user=alice) as outcome:
                made = create_workspace(organization, node, parent_id=None, actor=Actor.of(alice))
                if broken and broken.pop():
                    raise NameTaken("the first one fails")
                outcome.address = str(made.pk)
        except SubmittedBefore as repeated:
            told.append(repeated.address)
        except NameTaken:
            pass
        finally:
            connection.close()

    threads = [Thread(target=press) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert told == [str(Workspace.objects.get().pk)] * (3 if fails else 4)
