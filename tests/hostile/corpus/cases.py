"""A case is a request as bytes; a document is a file that is sent in one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.hostile.wire import request

if TYPE_CHECKING:
    from tests.hostile.inside import Inside

JSON = ("Content-Type", "application/json")
YAML = ("Content-Type", "application/yaml")
FORM = ("Content-Type", "multipart/form-data; boundary=x")


@dataclass(frozen=True, kw_only=True)
class Case:
    """`data` makes the request. It is to be refused, unless it is `harmless`: then it may be answered, with 200."""

    kind: str
    name: str
    data: Callable[[Inside], bytes]
    harmless: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A template's file. The reader may read a `harmless` one: it says nothing it should not."""

    kind: str
    name: str
    filename: str
    content: Callable[[], bytes]
    harmless: bool = False

    def case(self) -> Case:
        """The request that uploads it, as a dry run where it is harmless."""
        form = {"org": "acme", "mode": "reconcile"} | ({"dry_run": "true"} if self.harmless else {})

        def data(inside: Inside) -> bytes:
            return post(inside, multipart(form, files=[("file", self.filename, self.content())]), (FORM,))

        return Case(kind=self.kind, name=self.name, harmless=self.harmless, data=data)


def encoded(text: str | bytes) -> bytes:
    """A text as UTF-8, also where it is none."""
    return text if isinstance(text, bytes) else text.encode(errors="surrogatepass")


def multipart(fields: dict[str, str], *, files: list[tuple[str, str, bytes]]) -> bytes:
    """A form with the boundary `x`; a file is field, file name and content."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()
    ]
    for key, filename, content in files:
        head = f'--x\r\nContent-Disposition: form-data; name="{key}"; filename="{filename}"\r\n\r\n'
        parts.append(head.encode() + content)
    return b"\r\n".join([*parts, b"--x--\r\n"])


def post(inside: Inside, body: bytes, headers: tuple[tuple[str, str], ...] = (JSON,), **more: Any) -> bytes:
    """An import by the operator."""
    return sent(inside, "POST", more.pop("target", "/org/import"), body, headers, **more)


def sent(
    inside: Inside,
    method: str,
    target: str,
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
    **more: Any,
) -> bytes:
    """Any request by the operator."""
    return request(method, target, body=body, headers=[("Authorization", f"Bearer {inside.token}"), *headers], **more)


def asked(path: str, **query: str) -> Callable[[Inside], bytes]:
    """A GET of the path with that query."""
    return lambda inside: sent(inside, "GET", f"{path}?{urlencode(query, errors='surrogatepass')}")


def imported(**body: Any) -> Callable[[Inside], bytes]:
    """An import with a JSON body."""
    return lambda inside: post(inside, json.dumps({"org": "acme", **body}).encode())


def node(**values: Any) -> dict[str, Any]:
    """A template with one workspace that says this."""
    return {"name": "Dev", "workspaces": [{"name": "PM", **values}]}
