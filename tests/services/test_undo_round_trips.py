"""On a database: whatever a run did, its undo puts back what was, and the undo of that what came after.

A story is an organization with a few runs of all kinds, and what people do between them. Each run is a case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Q
from django.test import override_settings
from hypothesis import Phase, event, given
from hypothesis import strategies as st

from lib.database_clock import database_now
from tests.budgets import is_large, tried
from tests.services.test_equality import ALICE, CRONS, NAMES, SLUGS, assert_sound, lives
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.field_diff import flat
from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import Node, ScheduleSpec, Template
from workspaces.errors import NothingToUndo, OrgError
from workspaces.models import Container, ImportRun, Organization, RunOperation, Schedule, Status, Workspace
from workspaces.services.imports.importing import Confirmation, apply_import, preview_import
from workspaces.services.plans.contents import read_contents
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.undo.undoing import (
    UndoConfirmation,
    apply_restore,
    apply_undo,
    preview_restore,
    preview_undo,
)
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import edit_workspace

pytestmark = pytest.mark.django_db

STORIES = 24  # about a hundred runs that change something, in `make fuzz` two thousand
SAID = st.fixed_dictionaries(
    {
        "role": st.sampled_from(("", "lead")),
        "tier": st.sampled_from((1, 2)),
        "spec": st.dictionaries(st.sampled_from("xy"), st.sampled_from((1, "z")), max_size=2),
        "schedules": st.dictionaries(st.sampled_from(("Pulse", "Report")), st.sampled_from(CRONS), max_size=2),
        "enabled": st.booleans(),
        "external": st.sampled_from((False, False, False, True)),
        "spawning": st.sampled_from((True,) * 7 + (False,)),
        "previously": st.sampled_from(((), (), ("A",), ("B",))),
    }
)
TREES = st.recursive(
    st.dictionaries(st.sampled_from(NAMES), st.tuples(SAID, st.just({})), min_size=1, max_size=3),
    lambda below: st.dictionaries(st.sampled_from(NAMES), st.tuples(SAID, below), min_size=1, max_size=3),
    max_leaves=8,
)
OPTIONS = st.tuples(
    st.sampled_from((Mode.MERGE, Mode.RECONCILE, Mode.RECONCILE)), st.booleans(), st.booleans(), st.booleans(),
    st.booleans(), st.sampled_from(Prefer),
)  # fmt: skip
NUMBERS = st.lists(st.integers(0, 15), min_size=1, max_size=3)
IMPORTS = st.tuples(st.just("import"), st.sampled_from(("one", "one", "two")), TREES, OPTIONS)
STEPS = st.one_of(
    IMPORTS,
    IMPORTS,
    st.tuples(st.just("remove"), NUMBERS, st.sampled_from((DataPolicy.WAIT, DataPolicy.KEEP))),
    st.tuples(st.just("restore"), NUMBERS),
    st.tuples(st.just("undo"), st.integers(0, 15)),
)
EDITS = st.lists(
    st.tuples(
        st.integers(0, 15), st.sampled_from(("role", "tier", "protect", "schedule", "stop", "by hand", "destroy"))
    ),
    max_size=4,
)
STORY = st.tuples(IMPORTS, EDITS), st.lists(st.tuples(STEPS, EDITS), min_size=7, max_size=7)


@tried(STORIES, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(engine=st.sampled_from(("none", "fake")), first=STORY[0], more=STORY[1])
def test_an_undo_puts_back_what_was_and_its_undo_what_came_after(engine: str, first: Any, more: list[Any]) -> None:
    with override_settings(ORGSITE_ENGINE=engine):
        organization = Organization.objects.create(slug=f"undo{next(SLUGS)}", name="x")
        for (what, *given_facts), edits in (first, *more):
            before = seen(organization)
            run = RUNS[what](organization, *given_facts)
            event(f"{what}: {'a run' if run else 'nothing'}")
            if run:
                assert_there_and_back(organization, run, before)
            edit(organization, edits)


def assert_there_and_back(organization: Organization, run: ImportRun, before: frozenset[Any]) -> None:
    after = seen(organization)
    undone = undo(run)
    assert seen(organization) ^ before == set()
    undo(undone)
    assert seen(organization) ^ after == set()
    if is_large():
        undo(undo(run))
        assert seen(organization) ^ after == set()
    run.refresh_from_db()
    assert run.undone_by is None
    assert_sound(lives(organization))


def undo(run: ImportRun) -> ImportRun:
    """Preview and apply, as an operator does, with the numbers that the plan names. Nothing is in its way."""
    shown = preview_undo(run)
    assert not shown.cannot
    done = apply_undo(run, actor=ALICE, confirmation=agreed(shown))
    assert done.plan == shown
    return done.run


def agreed(shown: Any) -> UndoConfirmation:
    return UndoConfirmation(
        fingerprint=shown.fingerprint, confirm_removals=len(shown.removals), confirm_data_loss=len(shown.data_lost)
    )


def seen(organization: Organization) -> frozenset[tuple[Any, ...]]:
    """Everything of the live rows that an undo has to put back, and what is wanted of their containers: a fact each."""
    columns = ("parent", "name", "protected", "differs", "template", "declared", "removed_at", "removed_by", "url")
    running, waits = Q(container__desired="running"), Q(container__purge_at__isnull=False)
    live = Workspace.objects.live().filter(organization=organization)
    rows = list(live.values("pk", *columns))
    facts = [(row["pk"], name, value) for row in rows for name, value in row.items()]
    facts += [(key, "runs") for key in live.filter(running).values_list("pk", flat=True)]
    facts += [(key, "waits") for key in live.filter(waits).values_list("pk", flat=True)]
    contents = read_contents([row["pk"] for row in rows])
    schedules = Schedule.objects.filter(workspace__in=contents).order_by("name")
    timed = schedules.values_list("workspace", "name", "cron_expr", "enabled", "source", "removed_by")
    facts += [(key, name, value) for key, have in contents.items() for name, value in flat(have.live).items()]
    return frozenset((*map(str, fact),) for fact in (*facts, *timed))


# ---- Runs.


def imported(organization: Organization, name: str, tree: Any, how: Any) -> ImportRun | None:
    mode, moves, updates, retire, overwrite, prefer = how
    options = ImportOptions(moves=moves, updates=updates)
    if mode is Mode.RECONCILE:
        given = {"overwrite": overwrite and updates, "prefer": prefer if moves else Prefer.PLACE}
        options = ImportOptions.of(mode, moves=moves, updates=updates, retire=retire, **given)
    template = Template(name=name, workspaces=nodes(tree))
    shown = preview_import(organization, template, mode=mode, options=options)
    source = LoadedTemplate(template=template, source="", sha256="")
    sure = Confirmation(fingerprint=shown.fingerprint, confirm_removals=len(shown.removals))
    run = apply_import(organization, source, mode=mode, options=options, actor=ALICE, confirmation=sure).run
    return None if shown.changes_nothing else run


def removed(organization: Organization, numbers: list[int], data: DataPolicy) -> ImportRun | None:
    keys = sorted(lives(organization))
    chosen = {keys[number % len(keys)] for number in numbers if keys}
    try:
        runs = cascade_delete(chosen, actor=ALICE, data=data).runs
    except OrgError:  # one of them is protected
        return None
    return runs[0] if runs else None


def restored(organization: Organization, numbers: list[int]) -> ImportRun | None:
    gone = Workspace.objects.filter(organization=organization, status=Status.REMOVED).order_by("pk")
    keys = list(gone.values_list("pk", flat=True))
    chosen = {keys[number % len(keys)] for number in numbers if keys}
    return _unless_nothing(partial(preview_restore, organization, chosen), partial(apply_restore, organization, chosen))


def undone(organization: Organization, number: int) -> ImportRun | None:
    """One of the earlier runs, the latest first."""
    runs = list(ImportRun.objects.filter(organization=organization, state="completed").order_by("-number"))
    run = runs[number % len(runs)]
    return _unless_nothing(partial(preview_undo, run), partial(apply_undo, run))


def _unless_nothing(preview: Callable[[], Any], apply: Callable[..., Any]) -> ImportRun | None:
    try:
        done: ImportRun = apply(actor=ALICE, confirmation=agreed(preview())).run
    except NothingToUndo:
        return None
    assert RunOperation.objects.filter(run=done).exists()
    return done


RUNS: Mapping[str, Callable[..., ImportRun | None]] = {
    "import": imported, "remove": removed, "restore": restored, "undo": undone,
}  # fmt: skip


def nodes(tree: Mapping[str, Any]) -> tuple[Node, ...]:
    return tuple(
        Node(
            name=name, path=name, role=said["role"], tier=said["tier"], spec=said["spec"], external=said["external"],
            url="https://agent.example" if said["external"] else "", spawning=said["spawning"],
            previously=said["previously"],
            schedules=tuple(
                ScheduleSpec(name=key, cron_expr=cron, enabled=said["enabled"])
                for key, cron in said["schedules"].items()
            ),
            children=nodes(below),
        )
        for name, (said, below) in tree.items()
    )  # fmt: skip


# ---- What people do in between.


def edit(organization: Organization, edits: list[tuple[int, str]]) -> None:
    rows = list(
        Workspace.objects.live().filter(organization=organization).select_related("organization").order_by("id")
    )
    for number, what in edits if rows else ():
        row, now = rows[number % len(rows)], database_now()
        if what == "role":
            edit_workspace(row, {"role": f"mine {number}"}, actor=ALICE)
        elif what == "tier":
            edit_workspace(row, {"tier": 1 + number % 4}, actor=ALICE)
        elif what == "protect":
            edit_workspace(row, {"protected": number % 2 == 0}, actor=ALICE)
        elif what == "schedule":
            values = {"cron_expr": "1 1 * * *", "created_at": now, "updated_at": now}
            Schedule.objects.get_or_create(workspace=row, name=("Pulse", "Other")[number % 2], defaults=values)
        elif what == "stop":
            Schedule.objects.filter(workspace=row).update(enabled=False)
            edit_workspace(row, {"role": "asleep"}, actor=ALICE)  # notes that it differs, too
        elif what == "by hand":
            create(organization, row, f"By hand {number % 3}")
        else:
            waiting = Container.objects.filter(organization=organization, desired="absent", workspace__status="removed")
            waiting.update(keep_volumes=False, purge_at=None, purged_at=now)


def create(organization: Organization, above: Workspace, name: str) -> None:
    node = Node(name=name, path=name)
    if not Workspace.objects.live().filter(parent=above, name=name).exists():
        create_workspace(organization, node, parent_id=above.pk, actor=ALICE)
    assert settings.ORGSITE_ENGINE == "none" or Container.objects.filter(workspace__parent=above).exists()
