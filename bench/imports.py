"""Import, import again, reconcile and cascade delete: the original's way, the least there is, and ours, in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import psycopg

from bench import floor, ours, rowwise
from bench.place import Place, give_tokens, live_ids
from bench.trees import tree

OPERATIONS = ("import", "re-import", "reconcile", "cascade delete")
RUNNERS = ("rowwise", "floor", "ours")


def steps(runner: str, link: psycopg.Connection, place: Place, *, shape: str, n: int) -> Iterator[Callable[[], Any]]:
    """The four operations one after the other, each on what the one before left. What prepares one is not in it."""
    first, second = tree(shape, n), tree(shape, n, moved=1)
    match runner:
        case "rowwise":
            yield partial(rowwise.import_template, link, place, first)
            yield partial(rowwise.import_template, link, place, first)
            give_tokens(link, place)
            yield partial(rowwise.reconcile, link, place, second)
            give_tokens(link, place)
            yield partial(rowwise.delete, link, place, live_ids(link, place))
        case "floor":
            yield partial(floor.import_template, link, place, first)
            yield partial(floor.import_again, link, place, first)
            give_tokens(link, place)
            yield partial(floor.reconcile, link, place, second)
            give_tokens(link, place)
            yield partial(floor.delete, link, place, roots(link, place))
        case _:
            yield partial(ours.import_template, place, first)
            yield partial(ours.reconcile, place, first)
            give_tokens(link, place)
            yield partial(ours.reconcile, place, second, removals=n)
            give_tokens(link, place)
            yield partial(ours.delete, roots(link, place))


def roots(link: psycopg.Connection, place: Place) -> list[UUID]:
    statement = (
        "SELECT id FROM workspaces_workspace WHERE organization_id = %s AND status <> 'removed' AND parent_id IS NULL"
    )
    return [key for (key,) in link.execute(statement, (place.organization,))]
