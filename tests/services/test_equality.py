"""After a reconcile with `retire` and `overwrite` the live tree of a template is what the template says, whatever it
was before, but for what the plan itself names.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.budgets import tried
from workspaces.access import Actor
from workspaces.core.planning.field_diff import flat
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Action, Mode, Plan
from workspaces.core.template import Node, ScheduleSpec, Template
from workspaces.models import Organization, Schedule, Workspace
from workspaces.services.imports.importing import Confirmation, apply_import, preview_import
from workspaces.services.plans.contents import read_contents
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.workspace.editing import edit_workspace

NAMES = "ABCDE"
WHOLE = ImportOptions.of(Mode.RECONCILE, retire=True, overwrite=True)
ALICE = Actor(name="alice")
SLUGS = count()
CRONS = ("0 * * * *", "0 6 * * *")

SAID = st.fixed_dictionaries(
    {
        "role": st.sampled_from(("", "lead", "dev")),
        "tier": st.sampled_from((1, 2)),
        "spec": st.dictionaries(st.sampled_from("xy"), st.sampled_from((1, None, "z")), max_size=2),
        "schedules": st.dictionaries(st.sampled_from(("Pulse", "Report")), st.sampled_from(CRONS), max_size=2),
        "spawning": st.sampled_from((True, True, True, False)),
        "previously": st.sampled_from(((), (), ("A",), ("B",))),
    }
)
TREES = st.recursive(
    st.dictionaries(st.sampled_from(NAMES), st.tuples(SAID, st.just({})), max_size=3),
    lambda below: st.dictionaries(st.sampled_from(NAMES), st.tuples(SAID, below), max_size=3),
    max_leaves=8,
)
EDITS = st.lists(st.tuples(st.integers(0, 15), st.sampled_from(("role", "protect", "schedule", "by hand"))), max_size=4)
STEPS = st.lists(st.tuples(st.sampled_from(("one", "two")), TREES, EDITS), min_size=1, max_size=4)

pytestmark = pytest.mark.django_db


def nodes(tree: Mapping[str, Any]) -> tuple[Node, ...]:
    return tuple(
        Node(
            name=name,
            path=name,
            role=said["role"],
            tier=said["tier"],
            spec=said["spec"],
            spawning=said["spawning"],
            previously=said["previously"],
            schedules=tuple(ScheduleSpec(name=key, cron_expr=cron) for key, cron in said["schedules"].items()),
            children=nodes(below),
        )
        for name, (said, below) in tree.items()
    )


def run(organization: Organization, template: Template, options: ImportOptions) -> Plan:
    """Preview and apply, as an operator does, with the number that the plan names."""
    shown = preview_import(organization, template, mode=Mode.RECONCILE, options=options)
    agreed = Confirmation(fingerprint=shown.fingerprint, confirm_removals=len(shown.removals))
    source = LoadedTemplate(template=template, source="", sha256="")
    done = apply_import(
        organization, source, mode=Mode.RECONCILE, options=options, actor=ALICE, confirmation=agreed
    )  # fmt: skip
    assert done.plan == shown
    return shown


def spoil(organization: Organization, edits: list[tuple[int, str]]) -> None:
    """What people do between two imports."""
    rows = list(
        Workspace.objects.live().filter(organization=organization).select_related("organization").order_by("id")
    )
    for number, what in edits if rows else ():
        row = rows[number % len(rows)]
        moment = row.created_at
        if what == "role":
            edit_workspace(row, {"role": "mine"}, actor=ALICE)
        elif what == "protect":
            edit_workspace(row, {"protected": True}, actor=ALICE)
        elif what == "schedule":
            values = {"cron_expr": "1 1 * * *", "created_at": moment, "updated_at": moment}
            Schedule.objects.get_or_create(workspace=row, name="Pulse", defaults=values)
        else:
            named = {"organization": organization, "parent": row, "name": "By hand"}
            if not Workspace.objects.live().filter(**named).exists():
                Workspace.objects.create(**named, created_at=moment, updated_at=moment)


def lives(organization: Organization) -> dict[UUID, Workspace]:
    return {row.pk: row for row in Workspace.objects.live().filter(organization=organization)}


def assert_sound(rows: Mapping[UUID, Workspace]) -> None:
    for row in rows.values():
        seen, above = set(), row.pk
        while above:
            assert above not in seen
            seen.add(above)
            above = rows[above].parent_id
    places = [(row.parent_id, row.name) for row in rows.values()]
    assert len(places) == len(set(places))


def assert_as_declared(plan: Plan, rows: Mapping[UUID, Workspace]) -> None:
    """Each node that runs is live at its place, and each of its fields is as the template says, but for conflicts with
    schedules that people made.
    """
    place = {(row.parent_id, row.name): row for row in rows.values()}
    found: dict[int, Workspace] = {}
    contents = read_contents(rows.keys())
    for index, row in enumerate(plan.rows):
        if row.node is None:
            continue
        above = found[row.parent].pk if row.parent is not None else None
        here = found[index] = place[above, row.name]
        if row.live:
            assert here.pk == row.live.id
        have = contents[here.pk]
        said = row.node.declared()
        assert {key: value for key, value in flat(have.live).items() if "." not in key or key.startswith("spec")} == {
            key: value for key, value in flat(said).items() if "." not in key or key.startswith("spec")
        }
        declared = said["schedules"]
        assert {key: value for key, value in declared.items() if key not in have.by_hand} == have.live["schedules"]
        assert here.differs == ("conflict" if have.by_hand & declared.keys() else "")


def assert_nobody_else_went(plan: Plan, template: Template) -> None:
    """What goes was declared by this template, or carries a name of it, or stands below such a one and is named."""
    names = {node.name for node in template.walk()}
    for row in plan.removals:
        ours = row.live is not None and row.live.template == template.name
        assert ours or row.name in names or row.action is Action.COLLATERAL


@tried(25, phases=[Phase.generate])
@given(steps=STEPS)
def test_the_live_tree_becomes_what_the_template_says(steps: list[Any]) -> None:
    organization = Organization.objects.create(slug=f"e{next(SLUGS)}", name="x")
    for name, tree, edits in steps:
        template = Template(name=name, workspaces=nodes(tree))
        before = lives(organization)
        plan = run(organization, template, WHOLE)
        after = lives(organization)
        assert_sound(after)
        assert_as_declared(plan, after)
        assert_nobody_else_went(plan, template)
        assert before.keys() - after.keys() == {row.live.id for row in plan.removals if row.live}
        assert len(after.keys() - before.keys()) == plan.created_count
        again = run(organization, template, WHOLE)
        assert again.changes_nothing
        spoil(organization, edits)
