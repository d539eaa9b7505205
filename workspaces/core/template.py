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


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One declared workspace, with defaults applied.

    `path` is its place in the document (`workspaces[0].children[2]`), `place` the same for people (`org.yaml:41`).
    `spec` is JSON-ready and has every key without a column of its own. `files` is the digest of the files in its
    `files_dir`, "" if there are none.
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

    def declared(self) -> dict[str, Any]:
        """Plain data: what the template says about this workspace alone, its name and its children apart."""
        schedules = {each.name: dict(zip(_TIMED, _TIMING(each), strict=True)) for each in self.schedules}
        return {**dict(zip(_SAID, _SAYING(self), strict=True)), "schedules": schedules}


@dataclass(frozen=True, kw_only=True)
class Template:
    """A whole org template. `header` has the top-level keys besides `defaults` and `workspaces`, as written.

    `filesets` has the files that were read with it, by digest. They are not part of what the template declares (the
    digests in the nodes are), and a template restored from JSON has none.
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
        """The digests of its workspaces' files."""
        return frozenset(node.files for node in self.walk() if node.files)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of what the template declares, without warnings and the places of nodes."""
        nodes = [(*_DECLARED(node), *map(_SCHEDULED, node.schedules), len(node.children)) for node in self.walk()]
        text = _CANONICAL.encode([self.name, self.description, self.header, nodes])
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
_APART = {"path", "place", "schedules", "children"}
_DECLARED = attrgetter(*[each.name for each in fields(Node) if each.name not in _APART])
_SCHEDULED = attrgetter(*[each.name for each in fields(ScheduleSpec)])
_SAID = ("role", "tier", "runtime", "model", "external", "url", "spec", "files")
_SAYING = attrgetter(*_SAID)
_TIMED = ("cron_expr", "timezone", "prompt", "enabled")
_TIMING = attrgetter(*_TIMED)
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
            "children": tuple(_node(child) for child in data["children"]),
        }
    )
