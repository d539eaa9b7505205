"""The declared tree as frozen values: produced by `reading` and `validating`, used by `planning`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from operator import attrgetter
from typing import Any

from workspaces.core.columns import DEFAULT_RUNTIME, DEFAULT_TIER
from workspaces.core.filesets import FolderFiles


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleSpec:
    """A cron schedule that a node declares; `timezone` is an IANA name."""

    name: str
    cron_expr: str
    timezone: str = "UTC"
    prompt: str = ""
    enabled: bool = True


Entry = str | tuple[str, ...]
"""A name that a workspace had, or the path to where it stood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One declared workspace, with defaults applied.

    `path` is its place in the document (`workspaces[0].children[2]`), `place` the same for people (`org.yaml:41`).
    `spec` is JSON-ready and has every key without a column of its own. `files` is the digest of the files in its
    `files_dir`, "" if there are none. `previously` are the names (or the paths, from the root) that it had before.
    `digest` is that of what `declared` says.
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
    previously: tuple[Entry, ...] = ()
    children: tuple[Node, ...] = ()
    _digest: str = field(default="", init=False, compare=False, repr=False)

    @property
    def digest(self) -> str:
        if not self._digest:
            object.__setattr__(self, "_digest", digest_of(self.declared()))
        return self._digest

    def declared(self) -> dict[str, Any]:
        """Plain data: what the template says about this workspace alone, its name and its children apart. A key of
        `spec` whose value is null says nothing, and is left out.
        """
        schedules = {each.name: dict(zip(TIMED, _TIMING(each), strict=True)) for each in self.schedules}
        said = {**dict(zip(_SAID, _SAYING(self), strict=True)), "schedules": schedules}
        if None in self.spec.values():
            said["spec"] = {key: value for key, value in self.spec.items() if value is not None}
        return said


def digest_of(declared: Mapping[str, Any]) -> str:
    """32 hex digits: the same text, the same `Node.declared`."""
    return hashlib.blake2b(_CANONICAL.encode(declared).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Template:
    """A whole org template. `header` has the top-level keys besides `defaults` and `workspaces`, as written.

    `previously` are the names that the document had before.

    `filesets` has the files that were read with it, by digest. They are not part of what the template declares (the
    digests in the nodes are), and a template restored from JSON has none.
    """

    name: str
    description: str = ""
    previously: tuple[str, ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict)
    workspaces: tuple[Node, ...] = ()
    warnings: tuple[str, ...] = ()
    filesets: Mapping[str, FolderFiles] = field(default_factory=dict, compare=False, repr=False)

    @property
    def lineage(self) -> tuple[str, ...]:
        """The names under which it declared workspaces."""
        return (self.name, *self.previously)

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
        """The digests of its workspaces' files."""
        return frozenset(node.files for node in self.walk() if node.files)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of what the template declares, without warnings and the places of nodes."""
        nodes = [(*_DECLARED(node), len(node.children)) for node in self.walk()]
        text = _CANONICAL.encode([self.name, self.description, self.previously, self.header, nodes])
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back into an equal template. It shares the values of nodes: no copies."""
        plain = dict(zip(_TEMPLATE, _OF_TEMPLATE(self), strict=True))
        return {**plain, "workspaces": [_plain(node) for node in self.workspaces]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Template:
        """The template that `to_json` was called on."""
        return cls(
            name=data["name"],
            description=data["description"],
            previously=tuple(data.get("previously", ())),
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


# Deterministic JSON. The children of a node follow it, and their number says which nodes these are.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)
_DECLARED = attrgetter("name", "spawning", "previously", "digest")
_SAID = ("role", "tier", "runtime", "model", "external", "url", "spec", "files")
_SAYING = attrgetter(*_SAID)
TIMED = ("cron_expr", "timezone", "prompt", "enabled")
_TIMING = attrgetter(*TIMED)
_TEMPLATE, _NODE, _SCHEDULE = (
    [each.name for each in fields(kind) if each.compare] for kind in (Template, Node, ScheduleSpec)
)
_OF_TEMPLATE, _OF_NODE, _OF_SCHEDULE = (attrgetter(*names) for names in (_TEMPLATE, _NODE, _SCHEDULE))
# What is empty unless it is declared is left out where it is empty. Other defaults are written: they may change later.
_EMPTY = [None if value else value for value in _OF_NODE(Node(name="-", path="-"))]


def _plain(node: Node) -> dict[str, Any]:
    """Plain data of a node, in a fraction of the time of `asdict`: each import keeps its template."""
    plain = {name: value for name, value, empty in zip(_NODE, _OF_NODE(node), _EMPTY, strict=True) if value != empty}
    plain["schedules"] = [dict(zip(_SCHEDULE, _OF_SCHEDULE(each), strict=True)) for each in node.schedules]
    plain["children"] = [_plain(child) for child in node.children]
    return plain


def _node(data: Mapping[str, Any]) -> Node:
    return Node(
        **{
            **data,
            "schedules": tuple(ScheduleSpec(**schedule) for schedule in data["schedules"]),
            "previously": tuple(each if isinstance(each, str) else tuple(each) for each in data.get("previously", ())),
            "children": tuple(_node(child) for child in data["children"]),
        }
    )
