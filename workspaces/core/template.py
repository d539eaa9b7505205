"""The declared tree as frozen values: what `reading` and `validating` produce and what `plan` consumes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from operator import attrgetter
from typing import Any

from workspaces.core.columns import DEFAULT_RUNTIME, DEFAULT_TIER
from workspaces.core.filesets import FolderFiles


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleSpec:
    """A cron schedule a node declares; `timezone` is an IANA name."""

    name: str
    cron_expr: str
    timezone: str = "UTC"
    prompt: str = ""
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One declared workspace, defaults already applied.

    `path` locates it in the document (`workspaces[0].children[2]`); `place` shows it to people (`org.yaml:41`).
    `spec` is JSON-ready and holds all that has no column of its own. `files` is the digest of what lies in its
    `files_dir`, "" where there is nothing.
    """

    name: str
    path: str
    place: str = ""
    role: str = ""
    tier: int = DEFAULT_TIER
    runtime: str = DEFAULT_RUNTIME
    model: str = ""
    spawning: bool = True
    external: bool = False
    url: str = ""
    schedules: tuple[ScheduleSpec, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)
    files: str = ""
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Template:
    """A whole org template. `header` holds the top-level keys besides `defaults` and `workspaces`, as written.

    `filesets` has, by digest, the contents that were read with it. It is no part of what the template declares: the
    digests in the nodes are, and a template that comes from its JSON has no contents.
    """

    name: str
    description: str = ""
    header: Mapping[str, Any] = field(default_factory=dict)
    workspaces: tuple[Node, ...] = ()
    warnings: tuple[str, ...] = ()
    filesets: Mapping[str, FolderFiles] = field(default_factory=dict, compare=False, repr=False)

    def walk(self) -> Iterator[Node]:
        """Every node, depth first, in template order."""
        return _walk(self.workspaces)

    def names_asleep(self) -> frozenset[str]:
        """The names of nodes with `spawning: false` and of all below them."""
        asleep: list[Node] = []
        stack = list(self.workspaces)
        while stack:
            node = stack.pop()
            if node.spawning:
                stack += node.children
            else:
                asleep.append(node)
        return frozenset(node.name for node in _walk(asleep))

    def count(self) -> int:
        """Number of declared nodes."""
        return sum(1 for _ in self.walk())

    def files(self) -> frozenset[str]:
        """The digests of all files that its workspaces come with."""
        return frozenset(node.files for node in self.walk() if node.files)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of what the template declares; warnings, and where in a file a node stands, do not count."""
        nodes = [(*_DECLARED(node), *map(_SCHEDULED, node.schedules), len(node.children)) for node in self.walk()]
        text = _CANONICAL.encode([self.name, self.description, self.header, nodes])
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back into an equal template. What nodes hold is shared, not copied."""
        return {**_columns(self, _TEMPLATE), "workspaces": [_plain(node) for node in self.workspaces]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Template:
        """The template that `to_json` was called on."""
        return cls(
            name=data["name"],
            description=data["description"],
            header=data["header"],
            workspaces=tuple(_node(child) for child in data["workspaces"]),
            warnings=tuple(data["warnings"]),
        )


def _walk(nodes: Sequence[Node]) -> Iterator[Node]:
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


# In JSON that is the same for equal values. A node's children follow it, and their number says which these are.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)
_APART = {"path", "place", "schedules", "children"}
_DECLARED = attrgetter(*[each.name for each in fields(Node) if each.name not in _APART])
_SCHEDULED = attrgetter(*[each.name for each in fields(ScheduleSpec)])
_TEMPLATE, _NODE = ([each.name for each in fields(kind) if each.compare] for kind in (Template, Node))


def _plain(node: Node) -> dict[str, Any]:
    """Ten times as fast as `asdict`, which a page with thousands of nodes would wait for."""
    schedules = [asdict(schedule) for schedule in node.schedules]
    return {**_columns(node, _NODE), "schedules": schedules, "children": [_plain(child) for child in node.children]}


def _columns(value: Template | Node, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _node(data: Mapping[str, Any]) -> Node:
    return Node(
        **{
            **data,
            "schedules": tuple(ScheduleSpec(**schedule) for schedule in data["schedules"]),
            "children": tuple(_node(child) for child in data["children"]),
        }
    )
