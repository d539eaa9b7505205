"""On a database: whatever a run did, its undo puts back what was, and the undo of that what came after."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.budgets import tried
from tests.services.test_equality import ALICE, SLUGS, STEPS, TREES, WHOLE, nodes, run, spoil
from workspaces.core.planning.field_diff import flat
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import Template
from workspaces.models import ImportRun, Organization, Schedule, Workspace
from workspaces.services.plans.contents import read_contents
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.undo.undoing import UndoConfirmation, apply_undo, preview_undo

pytestmark = pytest.mark.django_db

OPTIONS = st.sampled_from(
    (WHOLE, ImportOptions.of(Mode.RECONCILE), ImportOptions.of(Mode.RECONCILE, moves=False, updates=False))
)


@tried(10, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(steps=STEPS, last=TREES, options=OPTIONS)
def test_an_undo_puts_back_what_was_and_its_undo_what_came_after(
    steps: list[Any], last: dict[str, Any], options: ImportOptions
) -> None:
    organization = Organization.objects.create(slug=f"undo{next(SLUGS)}", name="x")
    for name, tree, edits in steps:
        run(organization, Template(name=name, workspaces=nodes(tree)), WHOLE)
        spoil(organization, edits)
    before = seen(organization)
    run(organization, Template(name="one", workspaces=nodes(last)), options)
    assert_there_and_back(organization, before)


@tried(5, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(steps=STEPS, chosen=st.sets(st.integers(0, 15), min_size=1, max_size=3))
def test_a_removal_is_undone_and_done_again(steps: list[Any], chosen: set[int]) -> None:
    organization = Organization.objects.create(slug=f"undo{next(SLUGS)}", name="x")
    for name, tree, edits in steps:
        run(organization, Template(name=name, workspaces=nodes(tree)), WHOLE)
        spoil(organization, edits)
    live = Workspace.objects.live().filter(organization=organization).order_by("id")
    live.update(protected=False)
    keys = list(live.values_list("pk", flat=True))
    before = seen(organization)
    cascade_delete([keys[each % len(keys)] for each in chosen if keys], actor=ALICE)
    assert_there_and_back(organization, before)


def assert_there_and_back(organization: Organization, before: dict[UUID, Any]) -> None:
    run_id = Organization.objects.get(pk=organization.pk).last_run
    after = seen(organization)
    if after == before:
        return
    done = ImportRun.objects.get(pk=run_id)
    undone = undo(done)
    assert seen(organization) == before
    done.refresh_from_db()
    assert done.undone_by_id == undone.pk
    again = undo(undone)
    assert seen(organization) == after
    done.refresh_from_db()
    assert done.undone_by_id is None
    assert again.undoes_id == undone.pk


def undo(done: ImportRun) -> ImportRun:
    shown = preview_undo(done)
    assert not shown.cannot
    agreed = UndoConfirmation(fingerprint=shown.fingerprint, confirm_removals=len(shown.removals))
    applied = apply_undo(done, actor=ALICE, confirmation=agreed)
    assert applied.plan == shown
    return applied.run


def seen(organization: Organization) -> dict[UUID, Any]:
    """Everything of the live rows that an undo has to put back."""
    rows = Workspace.objects.live().filter(organization=organization)
    contents = read_contents(list(rows.values_list("pk", flat=True)))
    columns = ("parent", "name", "protected", "differs", "template", "declared", "removed_at", "removed_by")
    return {
        key: (values, flat(contents[key].live), schedules(key)) for key, *values in rows.values_list("pk", *columns)
    }


def schedules(key: UUID) -> list[Any]:
    return list(
        Schedule.objects.filter(workspace=key).order_by("name").values_list("name", "cron_expr", "enabled", "source")
    )
