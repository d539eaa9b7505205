"""`DELETE /workspaces/{id}`"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.models import StructureEvent
from tests.api.conftest import Caller
from workspaces.access import SYSTEM
from workspaces.core.template import Node
from workspaces.models import ImportRun, Workspace
from workspaces.services.containers.desired_state import note_sizes
from workspaces.services.workspace.adding import create_workspace

Named = Callable[[str], Workspace]


def removed(below: int, *, run: str | None) -> dict[str, object]:
    return {"status": "removed", "cascade_deleted": below, "run_id": run}


def test_a_leaf_goes_without_a_question(as_alice: Caller, named: Named) -> None:
    answer = as_alice.delete(f"/workspaces/{named('QA Engineer').pk}")
    run = ImportRun.objects.get(mode="remove")
    assert (answer.status_code, answer.json()) == (200, removed(0, run=str(run.pk)))
    assert named("QA Engineer").status == "removed"


def test_what_has_children_asks_first_and_changes_nothing(as_alice: Caller, named: Named) -> None:
    answer = as_alice.delete(f"/workspaces/{named('Infra Lead').pk}")
    asked = answer.json()
    assert (answer.status_code, asked["status"]) == (409, "confirmation_required")
    assert (asked["children_count"], asked["descendants_count"]) == (3, 7)
    assert [row["name"] for row in asked["children"]] == ["Dev Lead", "SRE Engineer", "Security Engineer"]
    assert Workspace.objects.live().count() == 9


def test_a_confirmed_delete_takes_everything_below(as_alice: Caller, named: Named) -> None:
    answer = as_alice.delete(f"/workspaces/{named('Infra Lead').pk}/", confirm="true")
    assert answer.json() == removed(7, run=str(ImportRun.objects.get(mode="remove").pk))
    assert Workspace.objects.live().get().name == "PM"


def test_removed_children_do_not_count(as_alice: Caller, named: Named) -> None:
    as_alice.delete(f"/workspaces/{named('Dev Lead').pk}", confirm="1")
    asked = as_alice.delete(f"/workspaces/{named('Infra Lead').pk}").json()
    assert (asked["children_count"], asked["descendants_count"]) == (2, 2)


def test_deleting_twice_is_harmless(as_alice: Caller, named: Named) -> None:
    address = f"/workspaces/{named('Infra Lead').pk}"
    as_alice.delete(address, confirm="true")
    before = StructureEvent.objects.count()
    answer = as_alice.delete(address)
    assert (answer.status_code, answer.json()) == (200, removed(0, run=None))
    assert StructureEvent.objects.count() == before


def test_what_is_protected_below_holds_everything(as_alice: Caller, named: Named) -> None:
    as_alice.patch(f"/workspaces/{named('QA Engineer').pk}", {"protected": True})
    answer = as_alice.delete(f"/workspaces/{named('Infra Lead').pk}", confirm="true")
    assert (answer.status_code, answer.json()["protected"]) == (409, [str(named("QA Engineer").pk)])
    assert Workspace.objects.live().count() == 9


def test_the_reason_and_the_volumes_reach_the_event(as_alice: Caller, named: Named) -> None:
    gone = named("QA Engineer")
    as_alice.delete(f"/workspaces/{gone.pk}", reason="Ticket 8", keep_volumes="true")
    payload = StructureEvent.objects.get(event_type="workspace.removed", workspace_id=gone.pk).payload
    assert (payload["why"], payload["keep_volumes"]) == ("Ticket 8", True)
    assert gone.history.first().history_change_reason == "Ticket 8"


def test_erase_on_a_removed_one_destroys_what_is_stored_of_it(as_alice: Caller, named: Named, settings: Any) -> None:
    settings.ORGSITE_ENGINE = "docker"
    gone = create_workspace(named("PM").organization, parent_id=None, node=Node(name="New", path=""), actor=SYSTEM)
    address = f"/workspaces/{gone.pk}"
    as_alice.delete(address)
    note_sizes({gone.pk: 1_234})
    assert as_alice.delete(address).json() == removed(0, run=None)
    purged = {"volumes": [f"ws-{gone.pk}-config", f"ws-{gone.pk}-data"], "bytes": 1_234}
    answer = as_alice.delete(address, erase="true", reason="Ticket 8")
    assert (answer.status_code, answer.json()) == (200, {**removed(0, run=None), "purged": purged})
    assert not gone.container.keeps_data
    assert StructureEvent.objects.get(event_type="workspace.changed").payload["reason"] == "Ticket 8"
    assert as_alice.delete(address, erase="true").json() == {**removed(0, run=None), "purged": None}


def test_erase_of_a_live_one_answers_as_any_removal(as_alice: Caller, named: Named) -> None:
    answer = as_alice.delete(f"/workspaces/{named('QA Engineer').pk}", erase="true").json()
    assert answer == removed(0, run=str(ImportRun.objects.get(mode="remove").pk))


def test_strangers_and_those_who_may_not_remove_erase_nothing(
    as_bob: Caller, as_charlie: Caller, as_alice: Caller, named: Named
) -> None:
    address = f"/workspaces/{named('QA Engineer').pk}"
    as_alice.delete(address)
    assert as_bob.delete(address, erase="true").status_code == 403
    assert as_charlie.delete(address, erase="true").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"confirm": "yes"}, {"confirm": ""}, {"confirm": ["true", "false"]}, {"keep_volumes": "maybe"},
        {"keep_volume": "true"}, {"keep_volumes": "true", "erase": "true"}, {"erase": "yes"},
        {"reason": "x" * 2001}, {"reason": "a\0b"}, {"force": "true"},
    ],
    ids=lambda query: str(query)[:40],
)  # fmt: skip
def test_an_odd_parameter_deletes_nothing(as_alice: Caller, named: Named, query: dict[str, str]) -> None:
    assert as_alice.delete(f"/workspaces/{named('QA Engineer').pk}", **query).status_code == 400
    assert named("QA Engineer").is_live
