"""How many statements an operation takes: a number that is written here, whatever the number of workspaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lib.database_clock import database_now
from tests.trees import REPLACING, Tree, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.containers.restarts import Consequence, converge, restart_rule
from workspaces.services.imports.importing import Confirmation, apply_import, preview_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.undo.undoing import (
    UndoConfirmation,
    apply_restore,
    apply_undo,
    preview_restore,
    preview_undo,
)

CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT")
# PostgreSQL writes history and event of many workspaces by one statement.
TOGETHER = int(connection.vendor == "postgresql")
NONE = {"none": 1, "docker": 0}  # a workspace without a container is also told to be released
SHAPES = {
    "three": (3, 1), "wide": (400, 1), "deep": (2, 60), "both": (40, 20),
}  # fmt: skip


def grown(width: int, depth: int, *, top: str = "") -> Tree:
    """`depth` levels of `width` workspaces, each level below the first of the one above; `top` above them all."""
    tree: Tree = {}
    for level in range(depth):
        tree = {f"{level}.{index}": {} if index else tree for index in range(width)}
    return {top: tree} if top else tree


def statements(function: Callable[[], Any]) -> int:
    """Without those that begin and end transactions."""
    with CaptureQueriesContext(connection) as queries:
        function()
    words = Counter(query["sql"].split()[0] for query in queries)
    return words.total() - sum(words[word] for word in CONTROL)


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param


@pytest.fixture(params=["none", "docker"])
def engine(request: pytest.FixtureRequest, settings: Any) -> str:
    settings.ORGSITE_ENGINE = request.param
    return request.param


@pytest.fixture
def live(organization: Organization, actor: Actor, size: tuple[int, int], engine: str) -> Organization:
    apply_import(organization, loaded(grown(*size)), mode=Mode.MERGE, actor=actor)
    return organization


def test_an_import(organization: Organization, actor: Actor, size: tuple[int, int], engine: str) -> None:
    """Number, run, its event, lock, claim, last run, snapshot; template, workspaces, containers, history, one or two
    events, operations; count, run, last run, event.
    """
    tree = loaded(grown(*size))
    assert statements(lambda: apply_import(organization, tree, mode=Mode.MERGE, actor=actor)) == 17 - TOGETHER


def test_an_import_that_changes_nothing(live: Organization, actor: Actor, size: tuple[int, int]) -> None:
    """Number, run, its event, lock, claim, last run, snapshot; template; run, event."""
    tree = loaded(grown(*size))
    assert statements(lambda: apply_import(live, tree, mode=Mode.RECONCILE, actor=actor)) == 10


def test_a_reconcile_that_replaces_everything(
    live: Organization, actor: Actor, size: tuple[int, int], engine: str
) -> None:
    """The import; and four updates, history, one or two events."""
    moved, count = loaded(grown(*size, top="Top")), live.workspaces.live().count()
    sure = Confirmation(confirm_removals=count)
    made = statements(
        lambda: apply_import(live, moved, mode=Mode.RECONCILE, options=REPLACING, actor=actor, confirmation=sure)
    )
    assert made == 23 + NONE[engine] - 2 * TOGETHER
    assert live.workspaces.live().count() == count + 1


def test_a_reconcile_that_moves_everything(live: Organization, actor: Actor, size: tuple[int, int]) -> None:
    """The import of a root; and one update, history, event."""
    turned, count = loaded(turned_around(grown(*size))), live.workspaces.live().count()
    made = statements(lambda: apply_import(live, turned, mode=Mode.RECONCILE, actor=actor))
    assert made == 20 - 2 * TOGETHER
    assert (ImportRun.objects.latest("started_at").moved_count, live.workspaces.live().count()) == (count, count + 1)


def test_a_reconcile_that_updates_everything(
    live: Organization, actor: Actor, size: tuple[int, int], engine: str
) -> None:
    """No more than an import that changes nothing, and: two to read the fields, which are remembered and written;
    schedules read and written; history, event, operations, count, last run. Containers are delivered to by one.
    """
    changed, count = loaded(grown(*size), color="blue"), live.workspaces.live().count()
    made = statements(lambda: apply_import(live, changed, mode=Mode.RECONCILE, actor=actor))
    assert made == 20 - NONE[engine] - TOGETHER
    assert ImportRun.objects.latest("started_at").updated_count == count


def test_an_import_of_workspaces_that_differ(live: Organization, actor: Actor, size: tuple[int, int]) -> None:
    """Two more than an import that changes nothing: the fields, the schedules."""
    Workspace.objects.update(role="mine", differs="drift")
    again = loaded(grown(*size))
    assert statements(lambda: apply_import(live, again, mode=Mode.RECONCILE, actor=actor)) == 13
    assert statements(lambda: apply_import(live, again, mode=Mode.MERGE, actor=actor)) == 12


def turned_around(tree: Tree) -> Tree:
    """All of them below a new root, in one row."""
    names, stack = [], [tree]
    while stack:
        below = stack.pop()
        names += below
        stack += below.values()
    return {"Top": {name: {} for name in names}}


def test_a_cascade_delete(live: Organization, actor: Actor, engine: str) -> None:
    """Lock, subtree, what stands above it; organization, count, number, run, last run; four updates, history, events,
    operations.
    """
    roots = list(Workspace.objects.filter(parent=None).values_list("pk", flat=True))
    assert statements(lambda: cascade_delete(roots, actor=actor)) == 15 + NONE[engine] - TOGETHER
    assert not live.workspaces.live().exists()


def test_an_undo_of_a_cascade_delete(live: Organization, actor: Actor, engine: str) -> None:
    """As an import that changes nothing, without its template: number, run, event; lock, claim, last run; operations,
    removed rows, nodes, memories, snapshot. Then who removed them; two updates, external ones, containers, and these
    updated; history, one or two events, operations; count, run, last run, event, and that it is undone.
    """
    roots = list(Workspace.objects.filter(parent=None).values_list("pk", flat=True))
    run, count = cascade_delete(roots, actor=actor).runs[0], len(Workspace.objects.all())
    assert statements(lambda: preview_undo(run)) == 7
    assert statements(lambda: apply_undo(run, actor=actor)) == 27 + NONE[engine] - TOGETHER
    assert live.workspaces.live().count() == count


def test_an_undo_of_an_import(live: Organization, actor: Actor, engine: str) -> None:
    run, sure = ImportRun.objects.get(), UndoConfirmation(confirm_removals=live.workspaces.count())
    assert statements(lambda: apply_undo(run, actor=actor, confirmation=sure)) == 23 + NONE[engine] - TOGETHER
    assert not live.workspaces.live().exists()


def test_an_undo_of_moves(live: Organization, actor: Actor, size: tuple[int, int], engine: str) -> None:
    """The root that held them goes."""
    run = apply_import(live, loaded(turned_around(grown(*size))), mode=Mode.RECONCILE, actor=actor).run
    assert statements(lambda: apply_undo(run, actor=actor)) == 27 + NONE[engine] - 2 * TOGETHER


def test_an_undo_of_updates(live: Organization, actor: Actor, size: tuple[int, int], engine: str) -> None:
    run = apply_import(live, loaded(grown(*size), color="blue"), mode=Mode.RECONCILE, actor=actor).run
    assert statements(lambda: apply_undo(run, actor=actor)) == 25 - NONE[engine] - TOGETHER


def test_a_restore(live: Organization, actor: Actor, engine: str) -> None:
    roots = list(Workspace.objects.filter(parent=None).values_list("pk", flat=True))
    cascade_delete(roots, actor=actor)
    assert statements(lambda: preview_restore(live, roots)) == 7
    assert statements(lambda: apply_restore(live, roots, actor=actor)) == 26 + NONE[engine] - TOGETHER


CONVERGED = {"role": 1, "runtime": 6 - TOGETHER, "to external": 7 - TOGETHER, "from external": 9 - TOGETHER, "url": 0}


@pytest.mark.parametrize(("what", "made"), CONVERGED.items())
def test_containers_of_changed_workspaces(live: Organization, actor: Actor, engine: str, what: str, made: int) -> None:
    """A delivery is one update; a restart reads ids and places, updates containers and workspaces, and writes history
    and events.
    """
    change = {"field": what.split()[-1], "from": "a", "to": what.startswith("to")}
    consequence = Consequence(restart_rule().effect([change]), [change])
    changed = dict.fromkeys(live.workspaces.values_list("pk", flat=True), consequence)
    now = database_now()
    assert statements(lambda: converge(changed, actor=actor, now=now)) == (made if engine == "docker" else 0)


def test_a_preview(live: Organization, size: tuple[int, int]) -> None:
    tree = loaded(grown(*size, top="Top"))
    assert statements(lambda: preview_import(live, tree.template, mode=Mode.RECONCILE)) == 2
