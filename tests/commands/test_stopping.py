"""A command that is stopped, or loses the database, never says that nothing was changed when something was."""

from __future__ import annotations

import getpass
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError

from workspaces.models import Organization

COMMANDS = "workspaces.management.commands"
CAUSES = pytest.mark.parametrize("cause", [KeyboardInterrupt(), OperationalError("gone")])
STOPPED = [
    (("rotate_tokens",), "rotate_tokens.rotate_tokens"),
    (("demo",), "demo.preview_import"),
    (("sweep",), "sweep.mend"),
    (("sweep", "--purge", "--yes"), "sweep.destroy_strays"),
    (("sweep", "--accept"), "sweep.accept_epochs"),
    (("changepassword", "alice"), "changepassword.record_changes"),
    (("createsuperuser", "--noinput", "--username", "new", "--email", "a@example.com"), "createsuperuser.record_made"),
]


@pytest.fixture
def on_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """That holds one stray."""
    containers = SimpleNamespace(check=lambda: "an engine")
    found = SimpleNamespace(strays=[SimpleNamespace(id=1)], epochs=frozenset())
    monkeypatch.setattr(f"{COMMANDS}.sweep._engine", lambda: ("here", containers))
    monkeypatch.setattr(f"{COMMANDS}.sweep.survey", lambda _: found)
    monkeypatch.setattr(f"{COMMANDS}.sweep.described", lambda _: "a stray")
    monkeypatch.setattr(f"{COMMANDS}.sweep.note_strays", lambda _: None)


@CAUSES
@pytest.mark.parametrize(("arguments", "step"), STOPPED, ids=[" ".join(each) for each, _ in STOPPED])
@pytest.mark.usefixtures("organization", "alice", "on_an_engine")
def test_what_may_be_done_already_is_not_denied(
    arguments: tuple[str, ...], step: str, cause: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise cause

    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "long enough 1")
    monkeypatch.setattr(getpass, "getpass", lambda **_: "long enough 1")
    monkeypatch.setattr(f"{COMMANDS}.{step}", fail)
    with pytest.raises(CommandError) as raised:
        call_command(*arguments)
    assert "Nothing was changed" not in str(raised.value)


def test_an_input_that_ends_changes_nothing_and_is_a_sentence(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(**_: Any) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", end)
    with pytest.raises(CommandError, match=r"^The input ended before the answer\. Nothing was changed\.$"):
        call_command("changepassword", "alice")


@CAUSES
def test_where_nothing_was_changed_it_is_said(
    organization: Organization, cause: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise cause

    monkeypatch.setattr(f"{COMMANDS}.add_member.user_named", fail)
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("add_member", "acme", "alice")
