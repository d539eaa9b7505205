"""An endless series of requests by browsers and programs to one organization, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.test import Client
from django.utils.crypto import get_random_string

from bench.documents import as_json, as_yaml
from bench.site import Site
from bench.trees import tree
from workspaces.services.security.tokens import issue_api_token

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHAPE = "realistic"
BOUNDARY = "mixed"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
JSON, YAML = {"Content-Type": "application/json"}, {"Content-Type": "application/yaml"}
PAGE = "page_size=200"
LISTS = (f"/workspaces?org={{org}}&{PAGE}", f"/events?org={{org}}&{PAGE}", "/org/templates", "/healthz", "/schema")
PAGES = (
    "/admin/", "/admin/workspaces/workspace/", "/admin/timeline/", "/admin/runs/",
    "/admin/audit/structureevent/", "/admin/workspaces/organization/",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A superuser's credentials: the headers of a program, and those of a browser with its CSRF secret."""

    bearer: Mapping[str, str]
    cookies: Mapping[str, str]
    secret: str

    @classmethod
    def of(cls, user: User) -> Caller:
        """The credentials of the user, with a new token and a new session."""
        client, secret = Client(), get_random_string(32)
        client.force_login(user)
        cookies = {name: morsel.value for name, morsel in client.cookies.items()} | {"csrftoken": secret}
        return cls(
            bearer={"Authorization": f"Bearer {issue_api_token(user)}"},
            cookies={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
            secret=secret,
        )


def requests(site: Site, caller: Caller, *, org: str, nodes: int) -> Iterator[str]:
    """Send one request for each step, check its answer, and yield its name. Never ends.

    Each round merges a tree with the same names at other places, and then reconciles; the next round starts from the
    result.
    """
    turn = 0
    while True:
        turn += 1
        yield from _round(_Client(site, caller, org), tree(SHAPE, nodes, moved=turn))


def _round(client: _Client, template: Any) -> Iterator[str]:
    document = as_json(template)
    imported = {"org": client.org, "template": json.loads(document)}
    client.post(imported | {"dry_run": True})
    yield "dry run of a merge"
    client.post(imported, status=201)
    yield "merge"
    planned = client.post(imported | {"dry_run": True, "mode": "reconcile"})
    yield "dry run of a reconcile"
    removals = planned["reconcile_removed_count"]
    client.post(imported | {"mode": "reconcile", "confirm_removals": removals + 1}, status=409)
    yield "reconcile with a wrong number"
    yield from client.read_lists()
    yield from client.preview(document)
    client.yaml(as_yaml(template), mode="reconcile", confirm_removals=removals)
    yield "reconcile"
    yield from client.delete_a_branch()
    yield from client.send_invalid(document)


@dataclass(frozen=True, slots=True)
class _Client:
    site: Site
    caller: Caller
    org: str

    def post(self, body: Mapping[str, Any], *, status: int = 200) -> Any:
        return self._send("POST", "/org/import", {**JSON, **self.caller.bearer}, json.dumps(body).encode(), status)

    def yaml(self, document: bytes, **fields: object) -> None:
        query = "&".join(f"{key}={value}" for key, value in {"org": self.org, **fields}.items())
        self._send("POST", f"/org/import?{query}", {**YAML, **self.caller.bearer}, document, 201)

    def read_lists(self) -> Iterator[str]:
        for path in LISTS:
            self._send("GET", path.format(org=self.org), self.caller.bearer)
            yield path
        for path in PAGES:
            self._send("GET", path, self.caller.cookies)
            yield path

    def preview(self, document: bytes) -> Iterator[str]:
        """Upload by the page's form, as a browser, and follow the redirect."""
        fields = {"csrfmiddlewaretoken": self.caller.secret, "org": self.org}
        page = self._page("/admin/import/", _form(fields, document))
        yield "upload"
        self._send("GET", page, self.caller.cookies)
        yield "preview"
        self._send("GET", f"{page}?mode=reconcile", self.caller.cookies)
        yield "preview of a reconcile"

    def delete_a_branch(self) -> Iterator[str]:
        live = self._send("GET", f"/workspaces?org={self.org}&status=online&{PAGE}", self.caller.bearer)
        yield "list of what is live"
        leaf = live["results"][-1]
        self._send("GET", f"/admin/workspaces/workspace/{leaf['id']}/change/", self.caller.cookies)
        yield "page of a workspace"
        self._send("GET", f"/admin/cascade-delete/?_selected_action={leaf['id']}", self.caller.cookies)
        yield "page of a cascade delete"
        self._send("DELETE", f"/workspaces/{leaf['id']}?confirm=true", self.caller.bearer)
        yield "delete"

    def send_invalid(self, document: bytes) -> Iterator[str]:
        """Send requests that are refused: their exceptions keep frames in memory."""
        self._send("POST", f"/org/import?org={self.org}", {**YAML, **self.caller.bearer}, document + b"\n@", 400)
        yield "template with a mistake"
        self._send("POST", "/org/import", {**JSON, **self.caller.bearer}, document[:-1], 400)
        yield "JSON that breaks off"
        self._send("POST", "/org/import", {**JSON, "Authorization": "Bearer none"}, document, 401)
        yield "token of nobody"
        self._send("GET", "/workspaces/00000000-0000-0000-0000-000000000000", self.caller.bearer, status=404)
        yield "workspace of nobody"

    def _page(self, path: str, body: bytes) -> str:
        """Send a form, and return the address of its redirect."""
        answer = self.site.send("POST", path, headers={**FORM, **self.caller.cookies}, body=body)
        assert answer.status == 302, (path, answer.status, answer.body[:500])
        return answer.location

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None, status: int = 200
    ) -> Any:
        """Send a request, and return the answer's data if it is a JSON object."""
        answer = self.site.send(method, path, headers=headers, body=body)
        assert answer.status == status, (method, path, answer.status, answer.body[:500])
        return json.loads(answer.body) if answer.body.startswith(b"{") else None


def _form(fields: Mapping[str, str], document: bytes) -> bytes:
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()]
    parts.append(b'Content-Disposition: form-data; name="file"; filename="org.json"\r\n\r\n' + document)
    return b"".join(b"--%b\r\n%b\r\n" % (BOUNDARY.encode(), part) for part in parts) + f"--{BOUNDARY}--\r\n".encode()
