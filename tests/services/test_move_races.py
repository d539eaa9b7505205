"""Moves beside each other, and beside deletes and heartbeats: no cycle, no orphan, no error but the product's own."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from tests.budgets import rounds
from tests.races import at_once
from tests.trees import Tree, loaded
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Workspace
from workspaces.services.imports.importing import Confirmation, apply_import, preview_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.presence import heartbeat

ALICE = Actor(name="alice")
START: Tree = {"A": {"A2": {}}, "B": {"B2": {}}}
A_BELOW_B2: Tree = {"B": {"B2": {"A": {"A2": {}}}}}
B_BELOW_A2: Tree = {"A": {"A2": {"B": {"B2": {}}}}}

pytestmark = [
    pytest.mark.fuzz,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite has one writer at a time; PostgreSQL's half shows this"
    ),
]


def into(organization: Organization, tree: Tree) -> Callable[[], Any]:
    return lambda: apply_import(organization, loaded(tree), mode=Mode.RECONCILE, actor=ALICE)


def assert_sound(organization: Organization) -> None:
    """Each live workspace stands below live ones up to a root, and no two siblings have one name."""
    rows = {row.pk: row for row in Workspace.objects.live().filter(organization=organization)}
    for row in rows.values():
        seen: set[UUID] = set()
        above: UUID | None = row.pk
        while above is not None:
            assert above not in seen, "a cycle"
            assert above in rows, "below a removed one"
            seen.add(above)
            above = rows[above].parent_id
    places = [(row.parent_id, row.name) for row in rows.values()]
    assert len(places) == len(set(places))


def test_two_that_want_to_stand_below_each_other(organization: Organization) -> None:
    into(organization, START)()
    ids = set(Workspace.objects.values_list("pk", flat=True))
    for _ in range(rounds(20)):
        at_once(into(organization, A_BELOW_B2), into(organization, B_BELOW_A2))
        assert_sound(organization)
        assert set(Workspace.objects.live().values_list("pk", flat=True)) == ids
        into(organization, START)()


def test_moves_beside_deletes_and_heartbeats(organization: Organization) -> None:
    for number in range(rounds(20)):
        into(organization, START)()
        live = dict(Workspace.objects.live().filter(organization=organization).values_list("name", "pk"))
        doomed = random.Random(number).choice(sorted(live))
        at_once(
            into(organization, A_BELOW_B2),
            into(organization, B_BELOW_A2),
            lambda doomed=doomed, live=live: cascade_delete([live[doomed]], actor=ALICE),
            *(lambda key=key: heartbeat(key) for key in live.values()),
        )
        assert_sound(organization)


def test_a_plan_that_was_shown_is_never_applied_over_another_move(organization: Organization) -> None:
    into(organization, START)()
    for _ in range(rounds(20)):
        shown = [preview_import(organization, loaded(tree).template, mode=Mode.RECONCILE).fingerprint
                 for tree in (A_BELOW_B2, B_BELOW_A2)]  # fmt: skip
        done: list[str] = []

        def apply(tree: Tree, fingerprint: str, done: list[str] = done) -> None:
            apply_import(
                organization, loaded(tree), mode=Mode.RECONCILE, options=ImportOptions.of(Mode.RECONCILE), actor=ALICE,
                confirmation=Confirmation(fingerprint=fingerprint),
            )  # fmt: skip
            done.append(fingerprint)

        one, other = shown
        at_once(partial(apply, A_BELOW_B2, one), partial(apply, B_BELOW_A2, other))
        assert len(done) == 1
        into(organization, START)()
