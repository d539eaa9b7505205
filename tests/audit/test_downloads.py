"""CSV and JSON of exactly what is filtered."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import AsyncClient

from tests.audit.events import ONLINE, REMOVED, completed, event, key, started, write
from workspaces.admin.timeline import event_queries
from workspaces.admin.timeline.downloads import harmless


def body(response) -> str:
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def cells(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(response))))


def test_csv_has_every_column_and_the_order_of_the_page(look, alice: User) -> None:
    write(started(), event(REMOVED, of="PM", run="merge", why="deleted"), completed())
    response = look(format_="csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert ".csv" in response["Content-Disposition"]
    rows = cells(response)
    assert [row["event_type"] for row in rows] == ["org.import.completed", "workspace.removed", "org.import.started"]
    assert rows[1]["workspace_id"] == str(key("PM"))
    assert rows[1]["created_at"] == "2026-05-12T20:13:04+00:00"
    assert json.loads(rows[1]["payload"])["why"] == "deleted"
    assert rows[0]["workspace_id"] == ""


def test_json_is_a_list_of_whole_events(look, alice: User) -> None:
    write(started(), event(REMOVED, of="PM", run="merge", why="deleted"))
    rows = json.loads(body(look(format_="json", order="oldest")))
    assert [row["event_type"] for row in rows] == ["org.import.started", "workspace.removed"]
    assert rows[1]["payload"] == {"name": "PM", "parent_id": None, "why": "deleted"}
    assert rows[1]["import_id"] == str(key("merge"))


def test_nothing_is_a_valid_file_too(look, alice: User) -> None:
    assert json.loads(body(look(format_="json"))) == []
    assert cells(look(format_="csv")) == []


def test_a_download_has_what_the_filters_let_through(look, alice: User) -> None:
    write(event(REMOVED, "20:13:04", of="A"), event(REMOVED, "20:40:00", of="B"), event(ONLINE, "20:13:04", of="C"))
    write(event(REMOVED, "20:13:04", of="D", organization="elsewhere"))
    rows = cells(look(format_="csv", day="2026-05-12", at="20:13", type_="workspace.removed"))
    assert [json.loads(row["payload"])["name"] for row in rows] == ["A"]


def test_a_download_is_not_cut_to_a_page(look, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queries, "PAGE", 2)
    monkeypatch.setattr(event_queries, "CHUNK", 3)
    write(*(event(ONLINE, of=f"W{n}") for n in range(10)))
    for order in ("oldest", "newest"):
        names = [json.loads(row["payload"])["name"] for row in cells(look(format_="csv", order=order))]
        assert names == [f"W{n}" for n in (range(10) if order == "oldest" else reversed(range(10)))]
    assert len(json.loads(body(look(format_="json")))) == 10


def test_events_written_meanwhile_do_not_prolong_a_download(look, alice: User, monkeypatch) -> None:
    monkeypatch.setattr(event_queries, "CHUNK", 2)
    write(*(event(ONLINE, of=f"W{n}") for n in range(4)))
    stream = look(format_="json", order="oldest").streaming_content
    first = next(stream)
    write(*(event(ONLINE, of=f"V{n}") for n in range(4)))
    assert len(json.loads(b"".join([first, *stream]))) == 4


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(look, alice: User, start: str) -> None:
    write(event(ONLINE, of="PM", actor=f"{start}SUM(A1)"))
    assert cells(look(format_="csv"))[0]["actor"] == f"'{start}SUM(A1)"
    assert json.loads(body(look(format_="json")))[0]["actor"] == f"{start}SUM(A1)"


def test_harmless_cells_stay_as_they_are() -> None:
    assert [harmless(text) for text in ("", "PM", "a=b", "2026-05-12", "{}")] == ["", "PM", "a=b", "2026-05-12", "{}"]


def test_names_with_quotes_commas_and_lines_survive(look, alice: User) -> None:
    write(event(ONLINE, of='A "quoted", name\nin two lines é 🚀'))
    assert json.loads(cells(look(format_="csv"))[0]["payload"])["name"] == 'A "quoted", name\nin two lines é 🚀'


def test_nonsense_is_refused_with_the_messages(look, alice: User) -> None:
    response = look(format_="csv", day="yesterday", workspace="x")
    assert response.status_code == 400
    assert {row["path"] for row in response.json()["errors"]} == {"day", "workspace"}


def test_an_event_loop_gets_a_stream_that_does_not_block_it(alice: User, monkeypatch) -> None:
    monkeypatch.setattr(event_queries, "CHUNK", 2)
    write(*(event(ONLINE, of=f"W{n}") for n in range(5)))
    client = AsyncClient()
    client.force_login(alice)

    async def download() -> list[bytes]:
        response = await client.get("/admin/timeline/", {"format": "json"})
        assert isinstance(response.streaming_content, AsyncIterator)
        return [part async for part in response.streaming_content]

    parts = async_to_sync(download)()
    assert len(parts) > 3
    assert len(json.loads(b"".join(parts))) == 5
