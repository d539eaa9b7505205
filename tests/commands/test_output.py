"""A command's output never stops its work, and the reason why the database is away is told."""

from __future__ import annotations

import errno
import io
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dj_database_url
import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, ProgrammingError, connection
from django.db.utils import ConnectionHandler

from lib.database_errors import explained, trouble_of
from tests.commands.conftest import in_shell
from tests.processes import ROOT
from workspaces.management.command_base import Output
from workspaces.models import Workspace

Into = Callable[..., tuple[int, bytes]]
WITHOUT_KEY = ("ORGSITE_SECRET_KEY", "ORGSITE_DEBUG")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "koi8-r", "utf-8", "utf-16"])
def test_characters_that_the_output_lacks_stop_nothing(reconcile: list[str], output: Into, encoding: str) -> None:
    status, said = output(*reconcile, encoding=encoding)
    assert (status, Workspace.objects.live().filter(parent=None).count()) == (0, 3)
    text = said.decode(encoding)
    assert "Plan: 2 to create, 1 to keep, 2 to remove." in text
    assert "same name as" in text


def test_a_character_that_is_lacking_can_still_be_told_from_another(tree: list[str], output: Into) -> None:
    _, said = output(*tree, encoding="ascii")
    assert "Caf\\xe9 \\U0001f680" in said.decode("ascii")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8"])
def test_json_is_json_in_every_encoding(tree: list[str], output: Into, encoding: str) -> None:
    _, said = output(*tree, "--json", encoding=encoding)
    assert json.loads(said.decode("utf-8"))["workspaces"][2]["name"] == "Café 🚀"


class Broken(io.StringIO):
    """An output that fails."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.error = OSError(number, "out of order")

    def write(self, text: str) -> int:
        raise self.error


def test_a_reader_that_goes_stops_no_work(reconcile: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(errno.EPIPE))
    call_command(*reconcile)
    assert Workspace.objects.live().filter(parent=None).count() == 3


def test_output_without_room_is_remembered_and_a_reader_that_goes_is_not() -> None:
    for number, lost in ((errno.EPIPE, False), (errno.ENOSPC, True), (errno.EIO, True)):
        output = Output(Broken(number))
        output.write("text")
        assert (output.lost is not None) is lost


def test_a_file_as_output_gets_no_colours_even_where_the_terminal_has_some() -> None:
    plain, forced = io.StringIO(), io.StringIO()
    Output(plain).write("text", lambda text: f"<{text}>")
    Output(forced, forced=True).write("text", lambda text: f"<{text}>")
    assert (plain.getvalue(), forced.getvalue()) == ("text\n", "<text\n>")


# ---- processes


def test_a_process_survives_its_terminal_its_reader_and_its_streams(address: str) -> None:
    """Latin-1 into a pipe that closes after a line, all streams closed, and a disk that is full."""
    begin = "$MANAGE import_org examples/dev-tree-before"
    repair = "$MANAGE import_org examples/dev-tree-after --mode reconcile --no-moves"
    said = in_shell(
        f"set -e -o pipefail; {begin} | true; {repair} --confirm-removals 8 | head -1; "
        f"$MANAGE create_org all-closed <&- >&- 2>&-; $MANAGE create_org half-closed >&-",
        database=address,
        PYTHONIOENCODING="latin-1",
    )
    assert (said.returncode, "Traceback" in said.stderr) == (0, False), said.stderr
    full = in_shell("$MANAGE import_org examples/dev-tree-after > /dev/full", database=address)
    assert full.returncode == 1
    assert "The output could not be written: No space left on device. Applied as run" in full.stderr
    assert "Nothing was changed" not in full.stderr


@pytest.mark.parametrize(
    ("program", "name"), [("$MANAGE migrate", "manage.py"), ("$PYTHON -m orgsite.serve", "orgsite.serve")]
)
def test_a_missing_key_is_one_sentence(address: str, program: str, name: str) -> None:
    said = in_shell(program, database=address, without=WITHOUT_KEY)
    why = "Set ORGSITE_SECRET_KEY to a long random text (or ORGSITE_DEBUG=1 on a developer's machine)."
    assert (said.returncode, said.stderr) == (1, f"{name}: {why}\n")


def test_a_command_of_django_s_own_tells_the_reason_as_well() -> None:
    said = in_shell("$MANAGE migrate", database="sqlite:////nowhere/at/all.sqlite3")
    assert said.returncode == 1
    assert said.stderr.endswith(
        "manage.py: The database file cannot be opened. Somebody has to check that its folder exists, and who owns it. "
        "(unable to open database file)\n"
    )
    assert "Traceback" not in said.stderr


def test_a_reader_that_is_gone_ends_a_command_of_django_s_own_without_a_word(address: str) -> None:
    """At its first line where those are written one by one, else when all is done."""
    for unbuffered, status in (("1", "141"), ("", "0")):
        line = "$MANAGE showmigrations | true; echo ${PIPESTATUS[0]}"
        said = in_shell(line, database=address, PYTHONUNBUFFERED=unbuffered)
        assert (said.stdout, said.stderr) == (f"{status}\n", "")


def test_an_interruption_is_no_traceback(address: str) -> None:
    said = in_shell("$MANAGE shell -v0 -c 'raise KeyboardInterrupt'", database=address)
    assert (said.returncode, said.stderr) == (130, "manage.py: Stopped.\n")


def test_no_check_warns_on_either_database(db: None, capsys: Any) -> None:
    call_command("check", "--fail-level", "WARNING", "--database", "default")
    assert "W040" not in capsys.readouterr().err


# ---- the database's reasons


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postgres://kim:s3cret-pw@127.0.0.1:{port}/x", "Connection refused"),
        ("postgres://kim:s3cret-pw@nowhere.invalid/x", "nowhere.invalid"),
        ("postgres://kim:s3cret-pw@127.0.0.1:{port}/x?sslmode=bogus", "sslmode"),
        ("postgres://kim:s3cret-pw@127.0.0.1:{port}/x?colour=red", "colour"),
        ("sqlite:////nowhere/at/all.sqlite3", "unable to open database file"),
        ("sqlite:///{root}/README.md", "file is not a database"),
    ],
    ids=range(6),
)
def test_a_database_that_cannot_be_reached_is_told_with_the_reason_and_no_password(
    db: None, address: str, why: str
) -> None:
    config = dj_database_url.parse(address.format(port=closed_port(), root=ROOT))
    with pytest.raises(DatabaseError) as error, ConnectionHandler({"default": config})["default"].cursor() as cursor:
        cursor.execute("CREATE TABLE x (id integer)")
    sentence = explained(error.value)
    assert sentence.startswith("The ")
    assert why in sentence
    assert "s3cret-pw" not in sentence


def refused(statement: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as error, connection.cursor() as cursor:
        cursor.execute(statement)
    return error.value


@pytest.mark.django_db(transaction=True)
def test_missing_tables_and_a_broken_statement_are_told_apart() -> None:
    assert "has to run `python manage.py migrate`" in explained(refused("SELECT * FROM nothing_like_this"))
    assert trouble_of(refused("SELEKT 1")) is None  # a fault of this program keeps its traceback


class Cause(Exception):
    def __init__(self, text: str, sqlstate: str) -> None:
        super().__init__(text)
        if sqlstate:
            self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "text", "certain"),
    [
        ("25006", "cannot execute INSERT in a read-only transaction", True),
        ("53100", "could not extend file", True),
        ("55P03", "canceling statement due to lock timeout", True),
        ("57P01", "terminating connection due to administrator command", False),
        ("08006", "connection failure", False),
        ("", "server closed the connection unexpectedly", False),
        ("", "the connection is lost", False),
        ("", "connection refused", True),
    ],
)
def test_nothing_was_changed_is_said_only_where_it_is_known(state: str, text: str, certain: bool) -> None:
    error = OperationalError(text)
    error.__cause__ = Cause(text, state)
    sentence = explained(error)
    assert text in sentence
    assert ("Nothing was changed" in sentence) is certain
    assert ("Look whether it was changed" in sentence) is not certain


def test_a_password_in_a_driver_s_words_is_hidden(settings: Any) -> None:
    error = ProgrammingError('missing "=" after "postgres://kim:pa$$word@db/x" in connection info string')
    sentence = explained(error)
    assert "pa$$word" not in sentence
    assert "postgres://kim:…@db/x" in sentence


def test_a_path_of_no_file_names_it(tmp_path: Path, output: Into, organization: object) -> None:
    status, _ = output("import_org", str(tmp_path / "none.yaml"), "--org", "acme", encoding="utf-8")
    assert status == 1
