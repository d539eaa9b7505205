"""Every type of event as each of its writers writes it, and the sentence that people read of it: none may be untrue."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.event_table import with_table
from audit.event_types import ACTS, BY_NAME, EVENT_TYPES, NAMES, RUN_DISMISSED
from audit.models import StructureEvent
from audit.payload import type_of
from audit.type_filter import GROUPS
from tests.audit.events import completed, event, key, numbered, started, when
from workspaces.admin.timeline.grouping import days_of
from workspaces.admin.timeline.sentences import SentenceFacts, tell

ROOT = Path(__file__).resolve().parents[2]
RUN = f"run {key('merge').hex[:8]}"
UNDO = f"run {key('undo').hex[:8]}"
MERGE = f"merge of dev.yaml to Acme ({RUN})"
CODE = ("lib", "audit", "workspaces", "orgsite", "bench")
TYPE = re.compile(r"(org|workspace)\.(import\.|run\.)?[a-z_]*ed|(workspace|security)\.(?!(ya?ml|json|W)\b)[a-z_]*")
WORKER, AGAIN = {"actor": "worker"}, {"actor": "worker", "again": True}


def user(what: str, actor: str = "root", **changes: tuple[Any, Any]) -> StructureEvent:
    return account("user", what, "bob", actor, changes)


def account(kind: str, what: str, name: str, actor: str, changes: dict[str, tuple[Any, Any]]) -> StructureEvent:
    rows = [{"field": field, "from": before, "to": after} for field, (before, after) in changes.items()]
    facts = {"name": name, "what": what, "changes": rows}
    return event(f"security.{kind}_changed", organization="", actor=actor, **facts)


def changed(name: str, **facts: Any) -> StructureEvent:
    rows = [{"field": "protected", "from": False, "to": True}]
    return event("workspace.changed", of=name, changes=rows, **facts)


# (the event, what the minute's answer says of it)
CASES = [
    (started(), f"alice started {MERGE}; it has not ended yet."),
    (
        completed(left_running_count=0),
        f"alice applied {MERGE}. It created 8 workspaces, kept 1 and removed none. Live workspaces went from 9 to 17.",
    ),
    (
        completed(created_count=0, skipped_count=9, moved_count=2, updated_count=3, left_running_count=0, live_after=9),
        f"alice applied {MERGE}. It created 0 workspaces, updated 3, moved 2, kept 4 and removed none. "
        "Live workspaces went from 9 to 9.",
    ),
    (
        event("org.import.failed", run="merge", mode="merge", dir="dev.yaml", error="no room"),
        f"alice tried to apply {MERGE}. It failed: no room. Nothing was changed.",
    ),
    (
        event("org.import.failed", run="merge", mode="merge", dir="dev.yaml", error="stale", refused=True),
        f"alice tried to apply {MERGE}. It was refused: stale. Nothing was changed.",
    ),
    (
        event("org.import.failed", run="merge", mode="merge", dir="dev.yaml", error="interrupted", actor="system"),
        f"system closed {MERGE} as failed: interrupted. Nothing was changed.",
    ),
    (
        event("org.import.failed", run="merge", mode="merge", dir="dev.yaml", error="no room", actor="system"),
        f"system tried to apply {MERGE}. It failed: no room. Nothing was changed.",
    ),
    (
        completed(
            run="undo",
            mode="undo",
            undoes=str(key("merge")),
            name="",
            dir="",
            created_count=0,
            restored_count=5,
            reconcile_removed_count=2,
            moved_count=2,
            left_running_count=0,
            live_before=9,
            live_after=12,
        ),
        f"alice undid {RUN} in Acme ({UNDO}). It restored 5 workspaces, moved 2 and removed 2. "
        "Live workspaces went from 9 to 12.",
    ),
    (
        started(run="undo", mode="undo", undoes=str(key("merge"))),
        f"alice began to undo {RUN} in Acme ({UNDO}); it has not ended yet.",
    ),
    (
        event("org.import.failed", run="undo", mode="undo", undoes=str(key("merge")), error="stale", refused=True),
        f"alice tried to undo {RUN} in Acme ({UNDO}). It was refused: stale. Nothing was changed.",
    ),
    (
        started(run="undo", mode="undo", undoes=None),
        f"alice began to restore removed workspaces in Acme ({UNDO}); it has not ended yet.",
    ),
    (event("org.run.dismissed", run="merge"), f"alice dismissed the failure of {RUN} in Acme."),
    (event("org.created", actor="kim (shell)", name="Acme"), "kim (shell) created the organization Acme."),
    (
        event("org.changed", name="Acme", changes=[{"field": "name", "from": "Ajax", "to": "Acme"}]),
        "alice changed the organization Acme: name: Ajax → Acme.",
    ),
    (event("org.member_added", name="bob", why="by hand"), "alice made bob a member of Acme."),
    (event("org.member_removed", name="bob", why="by hand"), "alice ended the membership of bob in Acme."),
    (
        event("org.member_removed", name="bob", why="the user was deleted"),
        "alice ended the membership of bob in Acme, because the user was deleted.",
    ),
    (event("workspace.provisioning", of="PM", why="by hand"), "alice created PM in Acme by hand."),
    (
        event("workspace.provisioning", of="PM", why="its container is gone", **AGAIN),
        "worker starts a container for PM in Acme, because its container is gone.",
    ),
    (
        event("workspace.restarted", of="PM", why="its container is gone", **WORKER),
        "worker starts a container for PM in Acme, because its container is gone.",
    ),
    (
        event("workspace.provisioning", of="PM", why="it never had a container", **AGAIN),  # as it was written once
        "worker starts a container for PM in Acme, because it never had a container.",
    ),
    (
        event("workspace.provisioning", of="PM", why="by hand", **WORKER),  # a user may have that name
        "worker created PM in Acme by hand.",
    ),
    (event("workspace.provisioning", of="PM", run="merge"), "1 workspace created."),
    (event("workspace.online", of="PM", why="its container runs", **WORKER), "1 workspace online."),
    (event("workspace.online", of="PM", why="heartbeat", actor="workspace PM"), "1 workspace online."),
    (event("workspace.online", of="PM", why="registered at http://a", actor="workspace PM"), "1 workspace online."),
    (event("workspace.online", of="PM", why="no container to wait for"), "1 workspace online."),
    (event("workspace.failed", of="PM", why="no such image", **WORKER), "1 workspace failed to start."),
    (changed("PM"), "alice changed PM in Acme: protected: no → yes."),
    (
        changed("PM", reason="holds the keys"),
        "alice changed PM in Acme: protected: no → yes. Reason given: “holds the keys”.",
    ),
    (event("workspace.moved", of="PM", run="merge", **{"from": ["Lab", "PM"], "to": ["PM"]}), "1 workspace moved."),
    (event("workspace.updated", of="PM", run="merge", changes=[], restarts=False), "1 workspace updated."),
    (event("workspace.removed", of="PM", why="deleted"), "alice removed PM from Acme by hand."),
    (event("workspace.removed", of="PM", run="merge", why="zombie"), "1 workspace removed."),
    (event("workspace.released", of="PM", why="container and volumes gone", **WORKER), "1 workspace released."),
    (event("workspace.released", of="PM", why="no container to release"), "1 workspace released."),
    (event("workspace.purged", of="PM", why="its volumes are gone", bytes=5, **WORKER), "1 workspace purged of data."),
    (event("workspace.restored", of="PM", data_lost=False), "alice restored PM in Acme."),
    (
        event("workspace.restored", of="PM", data_lost=True),
        "alice restored PM in Acme, without the data, which had been destroyed.",
    ),
    (event("workspace.restored", of="PM", run="undo", data_lost=False), "1 workspace restored."),
    (
        event("workspace.released", organization="", why="no workspace has this id", **WORKER),
        "1 unknown container removed.",
    ),
    (event("workspace.stopped", organization="", name="PM", **WORKER), "1 unknown container stopped."),
    (event("workspace.release_failed", of="PM", **WORKER), "1 workspace could not be released yet."),
    (event("security.login", organization="", name="bob"), "1 login."),
    (event("security.login_failed", organization="", name="bob"), "1 login failed."),
    (event("security.token_created", organization="", name="laptop"), "1 token made."),
    (event("security.token_first_used", organization="", name="laptop"), "1 token used for the first time."),
    (event("security.token_revoked", organization="", name="laptop"), "1 token revoked."),
    (event("security.denied", name="bob"), "1 attempt refused."),
    (event("security.database_accepted", organization="", epochs=2, strays=8), "1 database accepted."),
    (user("made", superuser=(None, True), staff=(None, True)), "root made the user bob: staff, superuser."),
    (
        user("made", username=(None, "bob"), active=(None, True), groups=(None, ["Auditor", "Viewer"])),
        "root made the user bob: groups: Auditor, Viewer.",
    ),
    (user("changed", superuser=(False, True)), "root changed the user bob: superuser: no → yes."),
    (user("changed", groups=(["Viewer"], [])), "root changed the user bob: groups: Viewer → none."),
    (user("changed", password=("set", "set")), "root changed the user bob: a new password."),
    (user("changed", password=("set", None)), "root changed the user bob: no password any more."),
    (user("changed", "bob", password=("set", "set")), "bob changed their own user: a new password."),
    (user("deleted", username=("bob", None)), "root deleted the user bob."),
    (
        account("group", "changed", "Viewer", "root", {"permissions": ([], ["workspaces.import_org"])}),
        "root changed the group Viewer: permissions: none → workspaces.import_org.",
    ),
    (account("group", "deleted", "Viewer", "root", {}), "root deleted the group Viewer."),
    (account("group", "made", "Viewer", "root", {}), "root made the group Viewer."),
]


def told(*minute: StructureEvent) -> list[str]:
    numbered(*minute)
    facts = SentenceFacts(
        minute=when("20:13"),
        runs=tuple(one for one in minute if one.event_type.startswith("org.import.")),
        by_hand=tuple(
            one for one in minute if (not one.import_id and one.event_type in ACTS) or type_of(one) is RUN_DISMISSED
        ),
        counts=Counter((type_of(one), one.import_id) for one in minute),
    )
    return ["".join(part.text for part in words) for words in tell(facts, names={"acme": "Acme"})]


@pytest.mark.parametrize(
    ("one", "sentence"), CASES, ids=[f"{number} {one.event_type}" for number, (one, _) in enumerate(CASES)]
)
def test_each_event_is_told_as_it_was(one: StructureEvent, sentence: str) -> None:
    assert told(one) == [sentence]


def test_no_type_is_left_out_of_the_table() -> None:
    assert {one.event_type for one, _ in CASES} == set(NAMES)


def test_several_that_the_worker_starts_again_are_one_sentence_for_each_cause() -> None:
    gone = [event("workspace.provisioning", of=f"W{n}", why="its container is gone", **AGAIN) for n in range(3)]
    stopped = event("workspace.provisioning", of="PM", why="its container stopped", **AGAIN)
    assert told(*gone, stopped) == [
        "worker starts a container each for W0, W1 and W2 in Acme, because its container is gone.",
        "worker starts a container for PM in Acme, because its container stopped.",
    ]


def test_what_is_told_of_somebody_is_not_counted_besides() -> None:
    assert told(user("changed", superuser=(False, True)), event("security.login", organization=""))[1:] == [
        "Besides: 1 login."
    ]


def test_a_row_and_a_burst_say_what_the_sentence_says() -> None:
    many = [event("workspace.provisioning", of=f"W{n}", why="its container is gone", **AGAIN) for n in range(4)]
    strays = [event("workspace.released", organization="", **WORKER) for _ in range(4)]
    (day,) = days_of(numbered(*many, *strays), names={})
    first, second = day.minutes[0].entries
    assert (first.total, first.kind.verb) == ("4 containers", "started again")
    assert (second.total, second.kind.verb) == ("4 unknown containers", "removed")


# ---- one catalogue


def test_nobody_spells_a_type_by_hand() -> None:
    """A type that no filter knows could be written, and never be asked for."""
    for path in sorted(path for name in CODE for path in (ROOT / name).rglob("*.py")):
        if path.name != "event_types.py" and "migrations" not in path.parts:
            spelt = {each for each in literals(path.read_text()) if each in BY_NAME or TYPE.fullmatch(each)}
            assert not spelt, f"{path.relative_to(ROOT)} spells {spelt}: use the constant of audit/event_types.py."


def literals(text: str) -> Iterator[str]:
    """Every text in the code; of one with values in it, what stands before the first."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_document_has_the_catalogue() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    assert text == with_table(text), "Run `python -m audit.event_table docs/events.md`."


def test_the_lists_made_of_the_catalogue_hold_each_type_once() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(NAMES)
    assert len(BY_NAME) == len(EVENT_TYPES)
