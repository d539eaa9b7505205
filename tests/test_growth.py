"""Every page and list that can be opened, with few rows and with many: as many queries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import count

from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.doors import TABLE, Row
from tests.test_every_door import World, ask, furnish
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, Membership, Organization, Schedule, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.imports.previews import store_preview
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.tokens import issue_api_token, issue_workspace_token
from workspaces.services.workspace.editing import edit_workspace

Grow = Callable[[int], None]
Pair = tuple[Counter[str], Counter[str]]
OPEN = sorted(
    route
    for route, rows in TABLE.items()
    if (row := rows.get("GET")) and row.answers.right == 200 and not route.startswith("^")
)


def _queries(look: Callable[[], object]) -> Counter[str]:
    """Statement → how often it was carried out; values do not tell statements apart."""
    with CaptureQueriesContext(connection) as captured:
        look()
    return Counter(_shape(each["sql"]) for each in captured if "SAVEPOINT" not in each["sql"])


def _shape(sql: str) -> str:
    values = re.sub(r"'(?:[^']|'')*'|\b[0-9a-f]{32}\b|\b\d+\b", "?", sql)
    return re.sub(r"\?(, ?\?)+", "?", values)


def grower(world: World) -> Grow:
    """Makes so many rows more of everything that she who may do everything can see."""
    numbers, right = count(1), world.sessions["right"]
    acme, leaf = Organization.objects.get(pk=world.ids["organization"]), Workspace.objects.get(pk=world.ids["leaf"])
    actor, now = Actor.of(right), timezone.now()

    def make(number: int) -> None:
        here = Organization.objects.create(slug=f"org-{number}", name=f"Org {number}")
        Membership.objects.create(organization=here, user=right)
        for where in (here, acme):
            want = loaded({"Pantry": {"Larder": {f"Shelf {number}": {}}}, f"Team {number}": {"Larder": {}}})
            apply_import(where, want, mode=Mode.MERGE, actor=actor, reason=f"Nº {number}")
        store_preview(acme, want, user=right)
        edit_workspace(leaf, {"role": f"Nº {number}"}, actor=actor, reason="")
        for row in Workspace.objects.filter(container=None):
            Schedule.objects.create(workspace=row, name="Pulse", cron_expr="* * * * *", created_at=now, updated_at=now)
            Container.objects.create(
                workspace=row, organization=row.organization, desired="running", changed_at=now,
                due_at=now - timedelta(hours=1),
                last_error="no",
                import_id=row.history.earliest().history_import_id,
            )  # fmt: skip
        gone = Workspace.objects.live().filter(name=f"Team {number}").values_list("pk", flat=True)
        cascade_delete(list(gone), actor=actor, reason=f"Nº {number}")  # the data of both waits
        kept = Workspace.objects.live().filter(name=f"Shelf {number}").values_list("pk", flat=True)
        cascade_delete(list(kept), actor=actor, data=DataPolicy.KEEP)
        Schedule.objects.create(workspace=leaf, name=f"{number}", cron_expr="* * * * *", created_at=now, updated_at=now)
        issue_workspace_token(leaf, actor=actor)
        issue_api_token(right, name=f"{number}", expires_at=now + timedelta(days=1))
        user = User.objects.create_user(f"user-{number}", is_staff=True)
        user.groups.add(Group.objects.create(name=f"group-{number}"))
        Membership.objects.create(organization=acme, user=user)

    return lambda times: [make(next(numbers)) for _ in range(times)] and None


def _asked_twice() -> dict[str, Pair]:
    """Page or list → its queries among few rows, and among many."""
    world = furnish()
    grow = grower(world)
    grow(2)
    for route in OPEN:
        _asked_by(world, route)  # what is asked for once in a process belongs to no page
    few = {route: _asked_by(world, route) for route in OPEN}
    grow(4)
    return {route: (few[route], _asked_by(world, route)) for route in OPEN}


def _asked_by(world: World, route: str) -> Counter[str]:
    row: Row = TABLE[route]["GET"]
    with transaction.atomic():
        found = _queries(lambda: _opened(ask(world, row, "GET", route, "right"), route))
        transaction.set_rollback(True)
    return found


def _opened(answer: HttpResponse, route: str) -> None:
    assert answer.status_code == 200 or route.startswith("readyz"), route  # which finds containers that are late


def test_more_rows_take_no_more_queries(db: None) -> None:
    """One test for all pages: to furnish the world takes longer than to ask for all of them."""
    asked = _asked_twice()
    longer = [_repeated(route, few, many) for route, (few, many) in asked.items() if many.total() > few.total()]
    assert not longer, "More rows, more queries. Ask for all of a page at once:\n" + "\n".join(longer)


def _repeated(route: str, few: Counter[str], many: Counter[str]) -> str:
    return "\n".join([f"/{route}", *(f"  {number} more of {sql[:500]}" for sql, number in (many - few).most_common())])


def test_a_page_that_asks_for_each_row_is_found(db: None) -> None:
    grow = grower(furnish())
    grow(1)
    before = _queries(lambda: [each.organization for each in Workspace.objects.all()])
    grow(1)
    assert _queries(lambda: [each.organization for each in Workspace.objects.all()]) - before
