"""What a command writes never stops its work, and what went wrong is one sentence."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import MOVED, TREE, Shell
from tests.processes import ROOT


@pytest.mark.parametrize("encoding", ["latin-1", "ascii:strict", "cp1252", "koi8-r"])
def test_characters_that_the_terminal_lacks_stop_nothing(shell: Shell, encoding: str) -> None:
    merged = shell.run("import_org", shell.write(TREE), PYTHONIOENCODING=encoding)
    moved = shell.run("import_org", shell.write(MOVED), "--mode", "reconcile", "--confirm-removals", "2",
                      PYTHONIOENCODING=encoding)  # fmt: skip
    assert (merged.returncode, moved.returncode) == (0, 0), merged.stderr + moved.stderr
    assert b"Traceback" not in merged.stderr + moved.stderr
    text = moved.stdout.decode(encoding.partition(":")[0])
    assert "Plan: 2 to create, 1 to keep, 2 to remove." in text
    assert "Caf" in text


def test_a_character_that_is_lacking_can_still_be_told_from_another(shell: Shell) -> None:
    said = shell.run("import_org", shell.write(TREE), "--dry-run", PYTHONIOENCODING="ascii").stdout.decode("ascii")
    assert "Caf\\xe9 \\U0001f680" in said


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_json_is_json_in_every_encoding(shell: Shell, encoding: str) -> None:
    said = shell.run("import_org", shell.write(TREE), "--json", PYTHONIOENCODING=encoding)
    assert json.loads(said.stdout.decode("utf-8"))["workspaces"][2]["name"] == "Café 🚀"


def test_a_locale_without_unicode_stops_nothing(shell: Shell) -> None:
    said = shell.run("import_org", shell.write(TREE), LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (said.returncode, shell.live()) == (0, 3), said.stderr


@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_reader_that_goes_stops_no_work_and_leaves_the_exit_status(shell: Shell, reader: str) -> None:
    shell.run("import_org", shell.write(TREE))
    script = f"set -o pipefail; $MANAGE import_org {shell.write(MOVED)} --dry-run --mode reconcile | {reader}"
    said = shell.run(script=script)
    assert (said.returncode, said.stderr) == (2, b"")
    applied = shell.run(script=script.replace("--dry-run", "--confirm-removals 2"))
    assert applied.returncode == 0, applied.stderr
    assert b"Traceback" not in applied.stderr
    assert shell.live() == 3


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_stop_no_work(shell: Shell, closed: str) -> None:
    said = shell.run(script=f"$MANAGE import_org {shell.write(TREE)} {closed}")
    assert (said.returncode, shell.live()) == (0, 3), said.stderr


def test_output_that_finds_no_room_is_said_with_what_was_done(shell: Shell) -> None:
    said = shell.run(script=f"$MANAGE import_org {shell.write(TREE)} > /dev/full")
    assert (said.returncode, shell.live()) == (1, 3)
    assert b"The output could not be written: No space left on device. Applied as run" in said.stderr
    assert b"Nothing was changed" not in said.stderr


def test_a_token_that_nobody_saw_is_not_passed_over(shell: Shell) -> None:
    shell.run("createsuperuser", "--no-input", "--username", "kim", "--email", "", DJANGO_SUPERUSER_PASSWORD="x-9-y-z")
    said = shell.run(script="$MANAGE api_token kim > /dev/full")
    assert said.returncode == 1
    assert b"A token was made all the same" in said.stderr
    assert b"kim" in shell.run("api_token", "kim", "--list").stdout or said.stderr


# ---- settings and the database


def sentence_of(said: object) -> str:
    return said.stderr.decode().strip()


@pytest.mark.parametrize("command", ["import_org x", "migrate"])
def test_a_missing_key_is_one_sentence(shell: Shell, command: str) -> None:
    said = shell.run(*command.split(), ORGSITE_SECRET_KEY="-", ORGSITE_DEBUG="-")
    assert said.returncode == 1
    assert sentence_of(said) == (
        "manage.py: Set ORGSITE_SECRET_KEY to a long random text (or ORGSITE_DEBUG=1 on a developer's machine)."
    )


def test_the_site_says_it_as_well(shell: Shell) -> None:
    said = shell.run(script=f"{sys.executable} -m orgsite.serve --port 0", ORGSITE_SECRET_KEY="-", ORGSITE_DEBUG="-")
    assert (said.returncode, len(sentence_of(said).splitlines())) == (1, 1)
    assert sentence_of(said).startswith("orgsite.serve: Set ORGSITE_SECRET_KEY")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORGSITE_REMOVAL_GUARD", "2"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "nonsense"),
        ("ORGSITE_ENGINE", "x"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence_that_names_it(shell: Shell, name: str, value: str) -> None:
    said = shell.run("check", **{name: value})
    assert (said.returncode, len(sentence_of(said).splitlines())) == (1, 1)
    assert name in sentence_of(said)


def test_a_traceback_is_shown_to_somebody_who_asks_for_it(shell: Shell) -> None:
    said = shell.run("check", "--traceback", ORGSITE_ENGINE="x")
    assert b"Traceback" in said.stderr


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("command", "address", "why"),
    [
        ("create_org x", "postgres://kim:s3cret-pw@127.0.0.1:{port}/x", "Connection refused"),
        ("create_org x", "postgres://kim:s3cret-pw@nowhere.invalid/x", "nowhere.invalid"),
        ("create_org x", "postgres://kim:s3cret-pw@127.0.0.1:{port}/x?sslmode=bogus", "sslmode"),
        ("create_org x", "postgres://kim:s3cret-pw@127.0.0.1:{port}/x?colour=red", "colour"),
        ("create_org x", "sqlite:///{root}/README.md", "file is not a database"),
        ("changepassword kim", "postgres://kim:s3cret-pw@127.0.0.1:{port}/x", "Connection refused"),
        ("migrate", "postgres://kim:s3cret-pw@127.0.0.1:{port}/x", "Connection refused"),
    ],
    ids=range(7),
)
def test_a_database_that_is_away_is_told_with_its_reason_and_no_password(
    shell: Shell, command: str, address: str, why: str
) -> None:
    shell.address = address.format(port=closed_port(), root=ROOT)
    said = shell.run(*command.split())
    text = sentence_of(said)
    assert said.returncode == 1
    assert "Traceback" not in text
    assert len(text.splitlines()) == 1
    assert why in text
    assert "The database cannot be reached: " in text
    assert "s3cret-pw" not in text


def test_a_database_without_tables_says_what_to_run(shell: Shell, tmp_path: Path) -> None:
    shell.address = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    said = shell.run("create_org", "x")
    assert said.returncode == 1
    assert "no such table: workspaces_organization. Nothing was changed; run: manage.py migrate" in sentence_of(said)


def test_a_database_that_takes_no_changes_says_so(shell: Shell) -> None:
    shell.address += "?mode=ro"
    said = shell.run("create_org", "x")
    assert said.returncode == 1
    assert "Traceback" not in sentence_of(said)
