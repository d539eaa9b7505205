"""Journeys through the code, traced: how many files of this project each enters, and how often it moves between them.

    scripts/own_key.sh .venv/bin/python scripts/journeys.py [FOLDER]

FOLDER is a checkout of this project, this one by default: so two versions are compared. A move is a pair of files, one
of which calls into the other; code of libraries between the two is not counted. It works in a database of its own.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlencode

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
OURS = tuple(f"{ROOT / package}/" for package in ("lib", "audit", "workspaces", "orgsite"))
SECONDS = 4.0  # that the worker runs
# Before: PM › Infra Lead and PM › QA, each with children. After: both below PM › Dev Lead.
LEAVES = [{"name": f"Agent {number}"} for number in range(3)]
BEFORE = [{"name": "PM", "children": [{"name": "Infra Lead", "children": LEAVES}, {"name": "QA", "children": LEAVES}]}]
AFTER = [{"name": "PM", "children": [{"name": "Dev Lead", "children": BEFORE[0]["children"]}]}]


class Trace:
    """Records the functions entered while it is on, in this thread and all that start after `install`."""

    def __init__(self) -> None:
        self.on = False
        self.functions: set[tuple[str, str]] = set()
        self.moves: dict[tuple[str, str], None] = {}

    def install(self) -> None:
        threading.setprofile(self.record)
        sys.setprofile(self.record)

    def record(self, frame: FrameType, event: str, _argument: Any) -> None:
        if not self.on or event != "call" or not frame.f_code.co_filename.startswith(OURS):
            return
        file = frame.f_code.co_filename
        self.functions.add((file, frame.f_code.co_qualname))
        caller = frame.f_back
        while caller and not caller.f_code.co_filename.startswith(OURS):
            caller = caller.f_back
        if caller and caller.f_code.co_filename != file:
            self.moves.setdefault((caller.f_code.co_filename, file))

    @contextmanager
    def journey(self, name: str) -> Iterator[None]:
        self.functions, self.moves, self.on = set(), {}, True
        yield
        self.on = False
        files = {file for file, _ in self.functions}
        back = sum((there, here) in self.moves for here, there in self.moves) // 2
        print(f"{name:34}{len(files):7}{len(self.functions):11}{len(self.moves):7}{back:7}", flush=True)


class Site:
    """Sends requests to the site's ASGI application, and keeps cookies."""

    def __init__(self, application: Callable[..., Any], loop: asyncio.AbstractEventLoop) -> None:
        self.application, self.loop, self.cookies, self.token = application, loop, dict[str, str](), ""

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, dict[str, str], str]:
        return self.loop.run_until_complete(self._ask(method, path, body, kind))

    async def _ask(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, dict[str, str], str]:
        sent: list[dict[str, Any]] = []
        begun = False

        async def receive() -> dict[str, Any]:
            nonlocal begun
            if begun:
                await asyncio.sleep(3600)
            begun = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.application(self.scope(method, path, len(body), kind), receive, send)
        headers: dict[str, str] = {}
        for name, value in sent[0]["headers"]:
            headers[name.decode().lower()] = value.decode()
            if name.lower() == b"set-cookie":
                key, _, rest = value.decode().partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:]).decode()

    def scope(self, method: str, path: str, length: int = 0, kind: str = "") -> dict[str, Any]:
        address, _, query = path.partition("?")
        headers = [(b"host", b"localhost"), (b"content-length", str(length).encode())]
        headers += [(b"content-type", kind.encode())] if kind else []
        headers += [(b"authorization", f"Bearer {self.token}".encode())] if self.token else []
        cookies = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        headers += [(b"cookie", cookies.encode())] if cookies and not self.token else []
        return {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": address, "raw_path": address.encode(), "query_string": query.encode(), "root_path": "",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip

    def send_form(self, path: str, fields: dict[str, str]) -> tuple[int, dict[str, str], str]:
        """Send a form of the admin. Read its page for the CSRF token before, outside of any journey."""
        return self.ask("POST", path, urlencode(fields).encode(), "application/x-www-form-urlencoded")


def multipart(fields: dict[str, str], name: str, content: bytes) -> tuple[bytes, str]:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
    parts.append(f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n')
    parts.append("Content-Type: application/octet-stream\r\n\r\n")
    return "".join(parts).encode() + content + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"


def archive(tree: list[dict[str, Any]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("org.yaml", json.dumps({"name": "Dev team", "workspaces": tree}))
    return packed.getvalue()


def token_of(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found, page[:2000]
    return found[1]


def import_over_rest(site: Site, tree: list[dict[str, Any]], **fields: str) -> dict[str, Any]:
    body, kind = multipart({"org": "default", **fields}, "team.zip", archive(tree))
    status, _, text = site.ask("POST", "/org/import", body, kind)
    assert status == 201, text
    return json.loads(text)


def pages(site: Site, trace: Trace) -> None:
    """Upload, preview, apply, run page: one journey of four requests."""
    _, _, login = site.ask("GET", "/admin/login/")
    form = {"username": "admin", "password": "admin", "csrfmiddlewaretoken": token_of(login)}
    assert site.send_form("/admin/login/?next=/admin/", form)[0] == 302
    token = token_of(site.ask("GET", "/admin/import/")[2])
    organization = "default"
    body, kind = multipart(
        {"csrfmiddlewaretoken": token, "org": organization, "organization": organization}, "team.zip", archive(AFTER)
    )
    with trace.journey("b  upload, preview, apply, run page"):
        status, headers, text = site.ask("POST", "/admin/import/", body, kind)
        assert status == 302, re.sub(r"<[^>]+>|\s+", " ", text)[-1500:]
        preview = headers["location"]
        shown = site.ask("GET", preview)[2]
        fields = {"csrfmiddlewaretoken": token_of(shown), "mode": "reconcile", "confirm_removals": "8"}
        fields |= {"removals": "8", "confirm": "8", "collateral": "on"}
        status, headers, text = site.send_form(preview, fields)
        assert status == 302, re.sub(r"<[^>]+>|\s+", " ", text)[-1500:]
        assert site.ask("GET", headers["location"])[0] == 200


def stream(site: Site, trace: Trace) -> None:
    """A stream listener receives the events of an import."""

    async def listen() -> None:
        heard = asyncio.Event()
        left = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not asked:
                asked.append(True)
                return {"type": "http.request", "body": b"", "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if b"org.import.completed" in message.get("body", b""):
                heard.set()

        asked: list[bool] = []
        listening = asyncio.create_task(site.application(site.scope("GET", "/events/stream"), receive, send))
        await asyncio.sleep(1)
        body, kind = multipart({"org": "default"}, "team.zip", archive([{"name": "Late"}]))
        await site._ask("POST", "/org/import", body, kind)
        await asyncio.wait_for(heard.wait(), 20)
        left.set()
        await listening

    with trace.journey("e  event to listener"):
        site.loop.run_until_complete(listen())


def worker(trace: Trace) -> None:
    from django.core.management import call_command

    threading.Timer(SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with trace.journey("d  worker"):
        call_command("worker")


def main() -> None:
    folder = tempfile.mkdtemp()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "orgsite.settings",
        "DATABASE_URL": f"sqlite:///{folder}/journeys.sqlite3",
        "ORGSITE_ENGINE": "fake",
        "ORGSITE_DEBUG": "",
        "ORGSITE_ALLOWED_HOSTS": "localhost",
    }
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    trace = Trace()
    trace.install()

    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("admin", password="admin")
    printed = io.StringIO()
    call_command("api_token", "admin", stdout=printed)

    from orgsite.asgi import application

    site = Site(application, asyncio.new_event_loop())
    site.token = printed.getvalue().strip()
    import_over_rest(site, BEFORE)
    print(f"{'journey':34}{'files':>7}{'functions':>11}{'moves':>7}{'back':>7}")
    with trace.journey("a  POST /org/import, reconcile"):
        import_over_rest(site, AFTER, mode="reconcile", confirm_removals="8")
    import_over_rest(site, BEFORE)
    rows = json.loads(site.ask("GET", "/workspaces?name=Dev%20Lead")[2])["results"]
    with trace.journey("c  DELETE /workspaces/{id}"):
        status, _, text = site.ask("DELETE", f"/workspaces/{rows[0]['id']}?confirm=true")
        assert status == 200, text
    stream(site, trace)
    site.token = ""
    pages(site, trace)
    worker(trace)


if __name__ == "__main__":
    main()
