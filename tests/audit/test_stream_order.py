"""Events whose transactions end in another order than their ids, and listeners who come meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import psycopg
import pytest
from django.db import connection

from tests.audit.streams import People, ids, listening
from tests.sites import Site

pytestmark = pytest.mark.skipif(
    "connection.vendor == 'sqlite'", reason="SQLite has one writer, so ids come in the order of commits"
)

INSERT = """
    INSERT INTO structure_events (event_type, organization, actor, payload, created_at)
    VALUES ('workspace.online', 'acme', 'slow', '{}', now()) RETURNING id
"""
THROW_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
LONGER = 1.0  # seconds: than several looks at the table

Slow = "psycopg.Connection[tuple[int]]"


@pytest.fixture
def slow(site: Site) -> Iterator[Slow]:
    """A second writer, whose transaction stays open until somebody ends it."""
    with psycopg.connect(site.database.address) as other:
        yield other
        other.rollback()


def written(by: Slow) -> int:
    row = by.execute(INSERT).fetchone()
    assert row
    return row[0]


def test_an_earlier_id_that_is_committed_late_comes_in_its_place(site: Site, people: People, slow: Slow) -> None:
    with listening(site, people.tokens["bob"]) as stream:
        stream.position()
        late, later = written(slow), people.happen("workspace.online")
        assert stream.during(LONGER) == []
        slow.commit()
        assert ids(stream.events(2)) == [late, *later]


def test_an_id_that_is_rolled_back_is_not_waited_for(site: Site, people: People, slow: Slow) -> None:
    with listening(site, people.tokens["bob"]) as stream:
        stream.position()
        lost, later = written(slow), people.happen("workspace.online")
        slow.rollback()
        assert lost < later[0]
        assert ids(stream.events(1)) == later


@pytest.mark.parametrize(
    ("database", "statement"),
    [("postgres", "CREATE TEMP TABLE taken ()"), ("", "INSERT INTO auth_group (name) VALUES ('slow')")],
    ids=["another database", "another table"],
)
def test_who_writes_elsewhere_is_not_waited_for(
    site: Site, people: People, slow: Slow, database: str, statement: str
) -> None:
    server, _, own = site.database.address.rpartition("/")
    with psycopg.connect(f"{server}/{database or own}") as beside, listening(site, people.tokens["bob"]) as stream:
        stream.position()
        written(slow)
        beside.execute(statement)
        later = people.happen("workspace.online")
        slow.rollback()
        assert ids(stream.events(1)) == later
        beside.rollback()


def test_a_commit_within_a_rolled_back_neighbourhood_is_found(site: Site, people: People, slow: Slow) -> None:
    with listening(site, people.tokens["bob"]) as stream:
        stream.position()
        written(slow)
        slow.rollback()
        late, later = written(slow), people.happen("workspace.online")
        assert stream.during(LONGER) == []
        slow.commit()
        assert ids(stream.events(2)) == [late, *later]


def test_who_comes_while_an_earlier_id_is_open_gets_it_too(site: Site, people: People, slow: Slow) -> None:
    """Nobody listened before: what was written then is unknown to the process."""
    start = people.happen("workspace.online")[0]
    late, later = written(slow), people.happen("workspace.online")
    with listening(site, people.tokens["bob"], after=start) as again, listening(site, people.tokens["bob"]) as fresh:
        slow.execute("SELECT pg_sleep(%s)", (LONGER,))
        slow.commit()
        last = people.happen("workspace.online")
        assert ids(again.events(3)) == [late, *later, *last]
        assert ids(fresh.events(2)) == [late, *last]


def test_who_goes_on_while_others_listen_waits_at_the_same_gap(site: Site, people: People, slow: Slow) -> None:
    with listening(site, people.tokens["alice"]) as first:
        first.position()
        start = people.happen("workspace.online")[0]
        while ids(first.events(1)) != [start]:
            pass  # what other tests wrote, behind a gap that they left
        late, later = written(slow), people.happen("workspace.online")
        with listening(site, people.tokens["bob"], after=start) as second:
            assert second.during(LONGER) == []
            slow.commit()
            assert ids(first.events(2)) == ids(second.events(2)) == [late, *later]


def test_what_many_write_at_once_comes_complete_and_in_order(site: Site, people: People) -> None:
    """Eight writers, a third of whose transactions are rolled back."""
    with listening(site, people.tokens["bob"]) as stream:
        start = stream.position()
        kept = race(site.database.address, writers=8, rounds=40)
        assert ids(stream.events(len(kept))) == sorted(kept)
        assert min(kept) > start


def race(address: str, *, writers: int, rounds: int) -> list[int]:
    """The ids that were committed."""

    def write(seed: int) -> list[int]:
        chance, kept = Random(seed), []
        with psycopg.connect(address) as own:
            for _ in range(rounds):
                found = [written(own) for _ in range(chance.randint(1, 5))]
                own.execute("SELECT pg_sleep(%s)", (chance.random() / 50,))
                if chance.random() < 1 / 3:
                    own.rollback()
                else:
                    own.commit()
                    kept += found
        return kept

    with ThreadPoolExecutor(writers) as threads:
        return [each for kept in threads.map(write, range(writers)) for each in kept]


def test_a_database_that_is_away_is_waited_for(site: Site, people: People) -> None:
    server, _, name = site.database.address.rpartition("/")
    own = people.ask(backend)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as beside, listening(site, people.tokens["bob"]) as bob:
        bob.position()
        beside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        beside.execute(THROW_OUT, (name, own))
        wanted = people.happen("workspace.online")
        assert bob.during(LONGER) == []
        beside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert ids(bob.events(1)) == wanted
    assert site.said().count("lost the database") == 1


def backend() -> int:
    """The process that serves the caller's own connection, which may stay."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])
