"""Restores, undos and second removals in the timeline: each is told once, with what it changed itself."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tests.audit.events import completed, event, key, when, write
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.admin.timeline.event_queries import Question, facts
from workspaces.admin.timeline.removal_changes import removals_of
from workspaces.admin.timeline.sentences import tell
from workspaces.core.planning.plan_values import Mode
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete

ALL = Question(organizations=None)


def told() -> list[str]:
    minute = facts(ALL, when("20:13"))
    return ["".join(part.text for part in words) for words in tell(minute, names={"acme": "Acme"})]


def test_a_restore_without_a_sentence_of_its_run_is_an_act(db: None) -> None:
    below = {"of": "QA", "run": "back", "parent_id": str(key("PM")), "data_lost": False}
    write(event("workspace.restored", of="PM", run="back", data_lost=False), event("workspace.restored", **below))
    assert told() == ["alice restored PM and 1 workspace below it in Acme."]


def test_a_restore_by_an_undo_is_told_by_its_run_alone(db: None) -> None:
    counts = {"created_count": 0, "restored_count": 1, "skipped_count": 0, "left_running_count": 0, "live_after": 10}
    write(
        event("workspace.restored", of="PM", run="undo", data_lost=False),
        completed("20:13:30", run="undo", mode="undo", undoes=str(key("merge")), **counts),
    )
    (sentence,) = told()
    assert "alice undid" in sentence
    assert "It restored 1 workspace and removed none." in sentence


def test_data_that_some_lost_is_counted(db: None) -> None:
    lost = {"run": "back", "parent_id": str(key("PM"))}
    write(
        event("workspace.restored", of="PM", run="back", data_lost=False),
        *(event("workspace.restored", of=f"W{n}", data_lost=True, **lost) for n in range(2)),
    )
    assert told() == [
        "alice restored PM and 2 workspaces below it in Acme, without the data of 2 of them, which had been destroyed."
    ]


def test_each_removal_shows_its_own_change(organization: Organization, actor: Actor) -> None:
    apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor)
    row, runs = Workspace.objects.get(), ImportRun.objects.filter(mode="remove").order_by("number")
    cascade_delete([row.pk], actor=actor, reason="first")
    Workspace.objects.update(status="online", removed_at=None)  # as a restore does
    live = row.history.latest()
    live.pk, live.status, live.history_date = None, "online", timezone.now() + timedelta(microseconds=1)
    live.save()
    cascade_delete([row.pk], actor=actor, reason="second")
    found = removals_of([row.pk])
    assert list(found) == [(row.pk, run.pk) for run in runs]
    assert [changes[2].after for changes in found.values()] == ["first", "second"]
