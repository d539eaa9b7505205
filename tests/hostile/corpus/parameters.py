"""Hostile fields, filters, paths and cursors."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tests.hostile.corpus.cases import JSON, YAML, Case, asked, imported, post, sent

TREE = {"name": "Dev", "workspaces": [{"name": "PM"}]}
FIELDS: dict[str, dict[str, Any]] = {
    "mode: another word": {"mode": "force"},
    "mode: a list": {"mode": ["merge", "reconcile"]},
    "mode: in upper case": {"mode": "RECONCILE"},
    "mode: a megabyte": {"mode": "m" * 2**20},
    "mode: a NUL": {"mode": "merge\0"},
    "org: another one": {"org": "nobody"},
    "org: SQL": {"org": "acme' OR '1'='1"},
    "org: a path": {"org": "../acme"},
    "org: a NUL": {"org": "acme\0"},
    "org: nothing": {"org": None},
    "org: a number": {"org": 1},
    "org: half a surrogate pair": {"org": "\ud800"},
    "org: a megabyte": {"org": "a" * 2**20},
    "org: an object": {"org": {"slug": "acme"}},
    "dry_run: a word": {"dry_run": "yes"},
    "dry_run: a number": {"dry_run": 1},
    "dry_run: nothing": {"dry_run": None},
    "confirm_removals: negative": {"confirm_removals": -1},
    "confirm_removals: a fraction": {"confirm_removals": 1.5},
    "confirm_removals: true": {"confirm_removals": True},
    "confirm_removals: a hundred digits": {"confirm_removals": 10**100},
    "confirm_removals: other digits": {"confirm_removals": "١"},
    "confirm_removals: a wrong number": {"mode": "reconcile", "confirm_removals": 999},
    "fingerprint: a wrong one": {"fingerprint": "0" * 64},
    "fingerprint: a NUL": {"fingerprint": "\0"},
    "fingerprint: a list": {"fingerprint": ["a"]},
    "reason: a megabyte": {"reason": "r" * 2**20},
    "reason: a NUL": {"reason": "a\0"},
    "dir and template": {"dir": "dev-tree-before"},
    "a field nobody knows": {"force": True},
    "a field nobody knows, of a megabyte": {"f" * 2**20: True},
}
DIRS = [
    "../../etc",
    "/etc",
    ".",
    "..",
    "",
    "dev-tree-before/",
    "dev-tree-before/../..",
    "a\0b",
    "\ud800",
    "d" * 2**20,
    5,
    None,
]
QUERIES: dict[str, dict[str, str]] = {
    "page_size: nothing": {"page_size": "0"},
    "page_size: negative": {"page_size": "-1"},
    "page_size: a hundred digits": {"page_size": "9" * 100},
    "page_size: five thousand digits": {"page_size": "9" * 5_000},
    "page_size: other digits": {"page_size": "٣"},
    "cursor: no base64": {"cursor": "%%%"},
    "cursor: JSON": {"cursor": "eyJhIjoxfQ=="},
    "cursor: deep JSON": {"cursor": "W1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tb" * 100},
    "cursor: a NUL": {"cursor": "\0"},
    "cursor: half a megabyte of it": {"cursor": "A" * 30_000},
    "org: a NUL": {"org": "\0"},
    "org: another one": {"org": "nobody"},
    "org: empty": {"org": ""},
    "a parameter nobody knows": {"id__gt": "0"},
    "a lookup of the ORM": {"organization__members__password__startswith": "a"},
}
WORKSPACE_QUERIES = {
    "status: another word": {"status": "alive"},
    "status: a NUL": {"status": "online\0"},
    "parent: no id": {"parent": "1"},
    "parent: SQL": {"parent": "1); DROP TABLE workspaces_workspace; --"},
    "name: a NUL": {"name": "\0"},
    "an array": {"status[]": "online"},
}
EVENT_QUERIES = {
    "since: no time": {"since": "yesterday"},
    "since: before the calendar": {"since": "0001-01-01T00:00:00+14:00"},
    "since: after the calendar": {"since": "9999-12-31T23:59:59-14:00"},
    "since: a year of ten digits": {"since": "9999999999-01-01"},
    "until: five thousand digits": {"until": "9" * 5_000},
    "workspace: no id": {"workspace": "x"},
    "import_id: a hundred digits": {"import_id": "9" * 100},
    "type: a NUL": {"type": "\0"},
}
IDS = [
    "0",
    "-1",
    "9" * 100,
    "../../etc/passwd",
    "%00",
    "%ff%fe",
    "%e2%80%ae",
    "'--",
    "{}",
    "00000000-0000-0000-0000-00000000000g",
    "a" * 8_000,
]
WORKSPACES: dict[str, dict[str, Any]] = {
    "a name with a NUL": {"name": "\0"},
    "a name that reads backwards": {"name": "\u202ea"},
    "a parent that is no id": {"name": "a", "parent": 1},
    "a parent that does not exist": {"name": "a", "parent": "00000000-0000-4000-8000-000000000000"},
    "a status of its own": {"name": "a", "status": "removed"},
    "an id of its own": {"name": "a", "id": "00000000-0000-4000-8000-000000000000"},
    "protection from the start": {"name": "a", "protected": "yes"},
    "a metadata address": {"name": "a", "external": True, "url": "http://169.254.169.254"},
    "a tier of a hundred digits": {"name": "a", "tier": 10**100},
    "an organization of another": {"name": "a", "org": "nobody"},
}
PATCHES: dict[str, Any] = {
    "a status": {"status": "removed"},
    "a parent": {"parent": None},
    "protection that is a word": {"protected": "maybe"},
    "a role with a NUL": {"role": "\0"},
    "a role of a megabyte": {"role": "r" * 2**20},
    "a tier of nothing": {"tier": 0},
    "nothing but a list": [{"op": "replace", "path": "/status", "value": "removed"}],
}


RESTORES: dict[str, Any] = {
    "nothing": {},
    "a list": [{"dry_run": False}],
    "a fingerprint of a megabyte": {"fingerprint": "f" * 2**20},
    "a data loss of a hundred digits": {"confirm_data_loss": 10**100},
    "a data loss that is true": {"confirm_data_loss": True},
    "a reason with a NUL": {"reason": "a\0"},
    "half a surrogate pair": {"reason": "\ud800"},
    "a mode": {"mode": "undo"},
    "a field nobody knows": {"force": True},
}


def _listed(path: str, queries: dict[str, dict[str, str]]) -> list[Case]:
    return [Case(kind=f"GET {path}", name=name, data=asked(path, **query)) for name, query in queries.items()]


def _by_yaml(name: str, query: str) -> Case:
    body = b"name: Dev\nworkspaces: [{name: PM}]"
    return Case(
        kind="yaml query", name=name, data=lambda inside: post(inside, body, (YAML,), target=f"/org/import?{query}")
    )


def _at(method: str, key: str) -> Case:
    target = f"/workspaces/{key if '%' in key else quote(key, safe='')}"
    body, headers = (b"{}", (JSON,)) if method == "PATCH" else (b"", ())
    return Case(kind="id", name=f"{method} {key[:40]}", data=lambda inside: sent(inside, method, target, body, headers))


def _sent_as_json(kind: str, name: str, method: str, body: Any, *, leaf: bool = False) -> Case:
    data = json.dumps(body).encode()
    return Case(
        kind=kind,
        name=name,
        data=lambda inside: sent(inside, method, f"/workspaces{f'/{inside.leaf}' if leaf else ''}", data, (JSON,)),
    )


def _deleted(name: str, query: str) -> Case:
    return Case(
        kind="delete", name=name, data=lambda inside: sent(inside, "DELETE", f"/workspaces/{inside.root}?{query}")
    )


def _restored(name: str, body: Any) -> Case:
    """Of a workspace that is live: there is nothing to restore."""
    data = json.dumps(body).encode()
    return Case(
        kind="restore",
        name=name,
        data=lambda inside: sent(inside, "POST", f"/workspaces/{inside.leaf}/restore", data, (JSON,)),
    )


def _undone(key: str) -> Case:
    target = f"/runs/{key if '%' in key else quote(key, safe='')}/undo"
    return Case(kind="id", name=f"undo {key[:40]}", data=lambda inside: sent(inside, "POST", target, b"{}", (JSON,)))


PARAMETERS = [
    *(Case(kind="field", name=name, data=imported(**{"template": TREE, **body})) for name, body in FIELDS.items()),
    *(Case(kind="dir", name=repr(name)[:40], data=imported(dir=name)) for name in DIRS),
    *_listed("/workspaces", QUERIES | WORKSPACE_QUERIES),
    *_listed("/events", QUERIES | EVENT_QUERIES),
    *(_at(method, key) for key in IDS for method in ("GET", "PATCH", "DELETE")),
    *(_undone(key) for key in IDS),
    *(_restored(name, body) for name, body in RESTORES.items()),
    *(_sent_as_json("new workspace", name, "POST", {"org": "acme", **body}) for name, body in WORKSPACES.items()),
    *(_sent_as_json("change", name, "PATCH", body, leaf=True) for name, body in PATCHES.items()),
    _by_yaml("a mode nobody knows", "org=acme&mode=force"),
    _by_yaml("a mode twice", "org=acme&mode=merge&mode=reconcile"),
    _by_yaml("a NUL", "org=acme%00"),
    _by_yaml("no UTF-8", "org=%ff%fe"),
    _by_yaml("an array", "org[]=acme"),
    _by_yaml("parameters without end", "&".join(f"p{n}=1" for n in range(5_000))),
    _by_yaml("a template in the query", "org=acme&template=x"),
    _deleted("without confirmation", ""),
    _deleted("confirmed by a word", "confirm=yes"),
    _deleted("confirmed twice", "confirm=true&confirm=false"),
    _deleted("confirmed with a NUL", "confirm=true%00"),
    _deleted("confirmed by an array", "confirm[]=true"),
    _deleted("with a reason of five thousand characters", "confirm=true&reason=" + "r" * 5_000),
]
