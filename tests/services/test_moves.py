"""Moves against the database: the row gets another parent or name, and everything it has stays with it."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest
from django.db import connection

from audit.models import StructureEvent
from tests.documents import document
from tests.trees import AFTER, BEFORE, Tree, loaded
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, ImportRun, Organization, RunOperation, Schedule, Workspace, WorkspaceToken
from workspaces.services.imports.importing import Applied, Confirmation, apply_import
from workspaces.services.plans.live_tree import Stored, snapshot
from workspaces.services.security.tokens import issue_workspace_token
from workspaces.services.templates.loader import LoadedTemplate

pytestmark = pytest.mark.django_db

OLDEST = ImportOptions.of(Mode.RECONCILE, prefer=Prefer.OLDEST)


@pytest.fixture
def run(organization: Organization, actor: Actor):
    def apply(
        source: Tree | LoadedTemplate, options: ImportOptions | None = None, confirm: int | None = None
    ) -> Applied:
        return apply_import(
            organization,
            source if isinstance(source, LoadedTemplate) else loaded(source),
            mode=Mode.RECONCILE,
            options=options,
            actor=actor,
            reason="evening",
            confirmation=Confirmation(confirm_removals=confirm),
        )

    return apply


def tree() -> dict[str, Any]:
    """The live workspaces: path → id."""
    paths = Workspace.objects.paths(list(Workspace.objects.live().values_list("pk", flat=True)))
    return {" › ".join(path): key for key, path in paths.items()}


def ids() -> dict[str, Any]:
    return dict(Workspace.objects.live().values_list("name", "pk"))


def holdings() -> list[list[Any]]:
    """All that hangs on workspaces."""
    return [list(model.objects.order_by("pk").values()) for model in (Container, WorkspaceToken, Schedule)]


def test_an_evening_of_moves_removes_nothing_and_every_workspace_keeps_its_id(run: Any) -> None:
    run(BEFORE)
    before = ids()
    plan = run(AFTER).plan
    assert (plan.created_count, len(plan.moved), plan.kept_count, len(plan.removals)) == (0, 2, 7, 0)
    assert ids() == before
    assert "PM › Dev Lead › Infra Lead › SRE Engineer" in tree()


def test_containers_tokens_and_schedules_are_not_touched(run: Any, settings: Any, actor: Actor) -> None:
    settings.ORGSITE_ENGINE = "docker"
    run(document("- {name: PM, children: [{name: QA, schedules: [{name: Pulse, cron_expr: '0 * * * *'}]}]}"))
    issue_workspace_token(Workspace.objects.select_related("organization").get(name="QA"), actor=actor)
    before = holdings()
    run(document("- {name: PM}\n- {name: QA, schedules: [{name: Pulse, cron_expr: '0 * * * *'}]}"))
    assert sorted(tree()) == ["PM", "QA"]
    assert holdings() == before


def test_what_stands_below_a_moved_one_comes_along(run: Any) -> None:
    run({"PM": {"Lead": {"QA": {}}}})
    qa = ids()["QA"]
    plan = run({"Lead": {"QA": {}}, "PM": {}}).plan
    assert [row.path for row in plan.moved] == ["Lead"]
    assert tree()["Lead › QA"] == qa


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"A": {"B": {}}}, {"B": {"A": {}}}),
        ({"A": {"B": {"C": {}}}}, {"C": {"B": {"A": {}}}}),
        ({"A": {"X": {}}, "B": {"Y": {}}}, {"A": {"Y": {}}, "B": {"X": {}}}),
        ({"A": {"B": {}}, "C": {}}, {"New": {"A": {"B": {}}, "C": {}}}),
        ({"New": {"A": {"B": {}}, "C": {}}}, {"A": {"B": {}}, "C": {}, "New": {}}),
    ],
    ids=["inversion", "a chain turned around", "children exchanged", "under a new root", "out of a root"],
)
def test_places_change_in_every_way(run: Any, before: Tree, after: Tree) -> None:
    run(before)
    old = ids()
    run(after)
    now = ids()
    assert {name: now[name] for name in old} == old
    assert sorted(tree()) == sorted(" › ".join(node) for node in _paths(after))


def _paths(tree: Tree, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    return [each for name, below in tree.items() for each in ((*above, name), *_paths(below, (*above, name)))]


def test_a_place_that_somebody_leaves_is_free_for_a_new_one(run: Any) -> None:
    run({"P": {"X": {}}})
    p, x = ids()["P"], ids()["X"]
    run(document("- {name: Old, previously: X}\n- {name: Q, previously: P, children: [{name: X}]}"))
    assert (tree()["Old"], tree()["Q"]) == (x, p)
    assert tree()["Q › X"] not in (x, p)


def test_the_older_one_takes_its_place_back_and_the_younger_goes(run: Any, organization: Organization) -> None:
    run(BEFORE)
    old = ids()
    apply_import(organization, loaded(AFTER), mode=Mode.MERGE, actor=Actor(name="alice"))
    plan = run(AFTER, OLDEST).plan
    assert (len(plan.moved), plan.kept_count, len(plan.removals)) == (2, 7, 8)
    assert ids() == old


def test_event_history_and_operation_say_from_where_to_where(run: Any) -> None:
    run({"PM": {"QA": {}}, "Lead": {}})
    pm, lead, qa = (ids()[name] for name in ("PM", "Lead", "QA"))
    done: ImportRun = run({"PM": {}, "Lead": {"QA": {}}}).run
    event = StructureEvent.objects.get(event_type="workspace.moved")
    assert event.workspace_id == qa
    assert event.payload == {
        "name": "QA", "path": ["Lead", "QA"], "parent_id": str(lead), "why": "from PM › QA: evening",
        "from": ["PM", "QA"], "to": ["Lead", "QA"], "from_parent_id": str(pm), "to_parent_id": str(lead),
        "changes": [], "restarts": False,
    }  # fmt: skip
    kept = Workspace.history.filter(id=qa).first()
    assert (kept.parent_id, kept.history_change_reason, kept.history_import_id) == (
        lead, "from PM › QA: evening", done.pk
    )  # fmt: skip
    operation = RunOperation.objects.get(run=done)
    assert (operation.kind, operation.before, operation.after) == (
        "move", {"parent_id": str(pm), "name": "QA"}, {"parent_id": str(lead), "name": "QA"},
    )  # fmt: skip
    assert (done.moved_count, done.created_count, done.removed_count, done.skipped_count) == (1, 0, 0, 3)


def test_a_root_that_moves_has_no_parent_before(run: Any) -> None:
    run({"PM": {}, "QA": {}})
    run({"PM": {"QA": {}}})
    payload = StructureEvent.objects.get(event_type="workspace.moved").payload
    assert (payload["from_parent_id"], payload["from"]) == (None, ["QA"])


def test_a_protected_one_moves(run: Any) -> None:
    run({"PM": {"QA": {}}, "Lead": {}})
    Workspace.objects.filter(name="QA").update(protected=True)
    run({"PM": {}, "Lead": {"QA": {}}})
    assert "Lead › QA" in tree()


def test_merge_moves_when_it_is_asked_to(organization: Organization, actor: Actor) -> None:
    for source, options in (
        (BEFORE, None), (AFTER, ImportOptions.of(Mode.MERGE, moves=True))
    ):  # fmt: skip
        plan = apply_import(organization, loaded(source), mode=Mode.MERGE, options=options, actor=actor).plan
    assert (len(plan.moved), Workspace.objects.live().count()) == (2, 9)


def test_nobody_sees_the_names_in_between(run: Any) -> None:
    run({"A": {"B": {}}})
    run({"B": {"A": {}}})
    names = set(Workspace.history.values_list("name", flat=True))
    assert names == {"A", "B"}
    assert {event.payload["name"] for event in StructureEvent.objects.exclude(workspace_id=None)} == names


def test_the_text_of_a_moment_sorts_by_time(organization: Organization) -> None:
    """Whichever fractions of a second the database leaves out."""
    moments = [
        datetime(2026, 1, 1, 9, 59, 59, micro, tzinfo=UTC) for micro in (0, 1, 10, 99, 100_000, 120_000, 999_999)
    ]
    moments += [datetime(2026, 1, 1, 10, 0, 0, tzinfo=UTC)]
    for number, moment in enumerate(moments):
        Workspace.objects.create(organization=organization, name=str(number), created_at=moment, updated_at=moment)
    read = (snapshot(organization), Stored(organization).live() if connection.vendor == "sqlite" else ())
    for rows in filter(None, read):
        assert [int(row.name) for row in sorted(rows, key=attrgetter("made"))] == list(range(len(moments)))
        assert sorted(row.created_at for row in rows) == moments
