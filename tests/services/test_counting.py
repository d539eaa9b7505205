"""Turns are counted in the database: whoever asks, in whichever process, at most so many are taken in a window."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import migrated_database
from tests.processes import finish, python
from workspaces.models import Counter
from workspaces.services.security.rate_limits import forget_counters, take_turn

MINUTE = timedelta(minutes=1)
ASKS = """
import django, sys
django.setup()
from datetime import timedelta
from workspaces.services.security.rate_limits import take_turn
sys.stdin.readline()
print(sum(take_turn("import:1", limit=25, window=timedelta(minutes=1)) is None for _ in range(20)))
"""


def turns(count: int, *, key: str = "import:1", limit: int = 3) -> list[bool]:
    return [take_turn(key, limit=limit, window=MINUTE) is None for _ in range(count)]


def end_windows() -> None:
    Counter.objects.update(ends_at=timezone.now() - MINUTE)


@pytest.mark.django_db
def test_one_more_than_the_limit_is_told_how_long_to_wait() -> None:
    assert turns(3) == [True] * 3
    left = take_turn("import:1", limit=3, window=MINUTE)
    assert left is not None
    assert timedelta(seconds=50) < left <= MINUTE


@pytest.mark.django_db
def test_a_refusal_writes_nothing(django_assert_num_queries) -> None:
    turns(3)
    with django_assert_num_queries(1):
        assert turns(1) == [False]
    assert Counter.objects.get().count == 3


@pytest.mark.django_db
def test_a_window_that_is_over_begins_anew() -> None:
    turns(3)
    end_windows()
    assert turns(4) == [True, True, True, False]


@pytest.mark.django_db
def test_every_key_has_a_count_of_its_own() -> None:
    assert turns(4)[-1] is False
    assert turns(1, key="import:2") == [True]


@pytest.mark.django_db
def test_what_is_over_is_forgotten_and_the_rest_is_not() -> None:
    turns(1)
    end_windows()
    turns(1, key="import:2")
    assert (forget_counters(), forget_counters()) == (1, 0)
    assert Counter.objects.get().key == "import:2"


@pytest.mark.django_db(transaction=True)
def test_two_processes_share_one_count(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    with migrated_database(tmp_path, unblock=django_db_blocker.unblock) as database:
        script = tmp_path / "asks.py"
        script.write_text(ASKS)
        askers = [python(tmp_path, str(script), database=database.address, talk=True) for _ in range(2)]
        for asker in askers:
            assert asker.stdin
            asker.stdin.write("go\n")
            asker.stdin.flush()
        assert sum(int(finish(asker)) for asker in askers) == 25
