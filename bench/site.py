"""The site in a process of its own: requests over HTTP, and the memory of the process."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 900  # seconds for one answer
MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    body: bytes
    seconds: float
    location: str = ""  # of a redirect


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """The site's port and process id."""

    port: int
    process: int

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | Iterable[bytes] | None = None
    ) -> Answer:
        """Send a request. A body in pieces without a Content-Length is sent chunked; a refusal may end the sending."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        began = time.monotonic()
        try:
            chunked = body is not None and not isinstance(body, bytes) and "Content-Length" not in headers
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, dict(headers), encode_chunked=chunked)
            answer = connection.getresponse()
            content, location = answer.read(), answer.getheader("Location", "")
            return Answer(status=answer.status, body=content, seconds=time.monotonic() - began, location=location)
        finally:
            connection.close()

    def import_document(self, document: bytes, *, kind: str, slug: str, headers: Mapping[str, str]) -> Answer:
        """Import the document; `kind` is YAML (fields in the query) or JSON (fields in the body)."""
        path, body = f"/org/import?org={slug}", document
        if kind == "JSON":
            path, body = "/org/import", b'{"org": "%b", "template": %b}' % (slug.encode(), document)
        return self.send("POST", path, headers={**headers, "Content-Type": f"application/{kind.lower()}"}, body=body)

    def resident(self) -> float:
        """The resident memory of the process, in MiB."""
        return self._status("VmRSS")

    def peak(self) -> float:
        """The peak of the resident memory since `forget_peak`, in MiB."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process}/clear_refs").write_text("5")

    def _status(self, name: str) -> float:
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


@contextmanager
def running_site(**settings: str) -> Iterator[Site]:
    """`python -m orgsite.serve` on a free port; `settings` are variables of its environment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "orgsite.serve", f"--fd={listening.fileno()}", "--no-access-log"]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | settings,
            pass_fds=[listening.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Site(port=listening.getsockname()[1], process=process.pid)
        finally:
            process.terminate()
            process.wait(30)
