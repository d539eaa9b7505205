"""Plain data → `Template`, or all problems at once, each with its path, file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from workspaces.core.columns import DEFAULT_RUNTIME, DEFAULT_TIER
from workspaces.core.limits import OF_DEPTH, TemplateLimits
from workspaces.core.names import clean_name
from workspaces.core.problems import Path, Problems, format_path, too_large
from workspaces.core.reading.document import Document
from workspaces.core.reading.files import Files
from workspaces.core.template import Node, ScheduleSpec, Template
from workspaces.core.validating.node_parts import Inherited, files_digest, files_folder, inherited, node_spec, schedules
from workspaces.core.validating.previous_names import previous_names, previous_places
from workspaces.core.validating.template_schema import Defaults, OrgTemplate, WorkspaceSchema
from workspaces.core.validating.validation_context import Checks, MissingFiles, Notices

ValueT = TypeVar("ValueT")

SCHEDULES_EXTRA = "schedules_extra"
"""The key of `spec` for those keys of schedules that have no column, by the schedule's name."""


def validate(
    document: Document,
    *,
    files: Files | None,
    limits: TemplateLimits,
    zones: frozenset[str],
    missing: MissingFiles = MissingFiles.ERROR,
) -> Template:
    """The template that `document` declares.

    `files` is None for a text without files around it; `zones` are the valid time zones of schedules; `missing` decides
    whether a missing prompt file is an error. Raises `TemplateInvalid` with all problems, or `TemplateTooLarge` at the
    first limit exceeded.
    """
    checks = Checks(
        document=document,
        files=files,
        limits=limits,
        zones=zones,
        problems=Problems(),
        notices=Notices(document.mark),
        missing=missing,
    )
    raw = document.data
    if not isinstance(raw, dict):
        checks.problem((), "the template must be a mapping with a name and workspaces")
        raw = {}
    template = _template(checks, raw)
    checks.problems.raise_if_any()
    return template


def _template(checks: Checks, raw: Mapping[str, Any]) -> Template:
    model = checks.model(OrgTemplate, raw, ())
    checks.warn_unknown_keys(raw, (), OrgTemplate.model_fields.keys())
    checks.warn_unusual_types(raw, ())
    defaults = inherited(checks, raw.get("defaults"), ("defaults",))
    flat = list(_walk(checks, defaults, raw.get("workspaces")))
    before = previous_names(checks, raw.get("previously"), ("previously",))
    checks.problems.raise_if_any()
    return Template(
        name=model.name if model else "",
        description=(model and model.description) or "",
        previously=before,
        header={key: value for key, value in raw.items() if key not in ("defaults", "previously", "workspaces")},
        workspaces=_assemble(flat),
        warnings=checks.notices.sentences(),
        filesets={fileset.digest: fileset for fileset in checks.filesets.values() if fileset.files},
    )


class _Pending(NamedTuple):
    """A declared node to be visited: its place as a path, as text and for people, the number of its parent (-1 for a
    root), its depth; `above` is the parent as written."""

    raw: object
    path: Path
    text: str
    place: str
    parent: int
    depth: int
    above: Mapping[str, Any]


def _walk(checks: Checks, defaults: Inherited, roots: object) -> Iterator[tuple[int, Node]]:
    """All nodes without their children, depth first, each with the number of its parent in this order."""
    stack = _siblings(checks, roots, ("workspaces",), parent=-1, depth=1, above={})[::-1]
    number = 0
    while stack:
        here = stack.pop()
        yield here.parent, _node(checks, defaults, here)
        raw: Mapping[str, Any] = here.raw if isinstance(here.raw, dict) else {}
        path, depth = (*here.path, "children"), here.depth + 1
        below = _siblings(checks, raw.get("children"), path, parent=number, depth=depth, above=raw)
        stack.extend(reversed(below))
        number += 1


def _siblings(
    checks: Checks, raw: object, path: Path, *, parent: int, depth: int, above: Mapping[str, Any]
) -> list[_Pending]:
    """The nodes of one list, with their names compared; none if it is no list (its owner's check reports that)."""
    if not isinstance(raw, list) or not raw:
        return []
    if depth > checks.limits.max_depth:
        message = f"the depth of the tree is more than {checks.limits.max_depth} levels {OF_DEPTH}"
        raise too_large(message, path, checks.document.mark(path))
    checks.count_workspaces(len(raw), path)
    _check_names(checks, raw, path)
    text, at, mark = format_path(path), checks.document.mark(path), checks.document.entry_mark
    return [
        _Pending(each, (*path, index), f"{text}[{index}]", str(mark(raw, index, at=at)), parent, depth, above)
        for index, each in enumerate(raw)
    ]


def _check_names(checks: Checks, siblings: list[Any], path: Path) -> None:
    """Report siblings with the same name: name and parent are a workspace's identity."""
    first: dict[str, int] = {}
    for index, each in enumerate(siblings):
        name = _name(each)
        if name is not None and first.setdefault(name, index) != index:
            mark = checks.document.mark((*path, first[name], "name"))
            checks.problem((*path, index, "name"), f"a sibling is called `{name}` already ({mark})")


def _name(raw: object) -> str | None:
    name = raw.get("name") if isinstance(raw, dict) else None
    try:
        return clean_name(name) if isinstance(name, str) else None
    except ValueError:
        return None


_INVALID = Node(name="", path="")
"""A placeholder for a node with a problem; it never leaves this module, because the problem is raised first."""


def _node(checks: Checks, defaults: Inherited, here: _Pending) -> Node:
    """The node with defaults applied, without children. All its own problems are reported."""
    raw, path = here.raw, here.path
    if not isinstance(raw, dict):
        checks.problem(path, "a workspace must be a mapping with a name")
        return _INVALID
    model = checks.model(WorkspaceSchema, raw, path)
    checks.warn_unknown_keys(raw, path, WorkspaceSchema.model_fields.keys())
    checks.warn_unusual_types(raw, path)
    _check_meaning(checks, raw, path)
    if raw.get("parent") is not None:
        _check_parent(checks, raw["parent"], here)
    folder = files_folder(checks, raw.get("files_dir"), (*path, "files_dir"))
    files = "" if raw.get("files_dir") is None else files_digest(checks, folder, (*path, "files_dir"))
    spec = node_spec(checks, defaults, raw, folder=folder, path=path)
    timed, extra = schedules(checks, raw.get("schedules"), folder=folder, path=(*path, "schedules"))
    if extra:
        spec[SCHEDULES_EXTRA] = extra
    before = previous_places(checks, raw.get("previously"), (*path, "previously"))
    if model is None:
        return _INVALID
    return replace(_columns(model, defaults.model, spec, timed, files=files, here=here), previously=before)


def _check_meaning(checks: Checks, raw: Mapping[str, Any], path: Path) -> None:
    """Check rules about more than one key, and reserved ones."""
    if raw.get("external") is True and raw.get("url") is None:
        checks.problem((*path, "url"), "is required, because the workspace is external")
    if raw.get("spawning") is False:
        subject = "`spawning: false`: created by neither mode, with all below it; the names still count"
        checks.notices.add(subject, path)
    if SCHEDULES_EXTRA in raw:
        checks.problem((*path, SCHEDULES_EXTRA), "is a reserved key")


def _check_parent(checks: Checks, parent: object, here: _Pending) -> None:
    """Warn about a `parent` that differs from the nesting, which decides. An equal one is dropped without a warning."""
    meant = {_letters(here.above.get(key)) for key in ("name", "files_dir", "template", "id")} - {""}
    if _letters(parent) not in meant:
        subject = "`parent` is not what the nesting says, and is ignored"
        checks.notices.add(subject, (*here.path, "parent"))


def _letters(value: object) -> str:
    """The letters and digits of a name, so that `Dev Lead` equals its form as a file or id, `dev-lead`."""
    return "".join(filter(str.isalnum, value.casefold())) if isinstance(value, str) else ""


def _columns(
    own: WorkspaceSchema,
    defaults: Defaults,
    spec: Mapping[str, Any],
    timed: tuple[ScheduleSpec, ...],
    *,
    files: str,
    here: _Pending,
) -> Node:
    return Node(
        name=own.name,
        path=here.text,
        place=here.place,
        role=_first(own.role, defaults.role, ""),
        tier=_first(own.tier, defaults.tier, DEFAULT_TIER),
        runtime=_first(own.runtime, defaults.runtime, DEFAULT_RUNTIME),
        model=_first(own.model, defaults.model, ""),
        spawning=own.spawning is not False,
        external=own.external is True,
        url=own.url or "",
        schedules=timed,
        spec=spec,
        files=files,
    )


def _first(own: ValueT | None, default: ValueT | None, otherwise: ValueT) -> ValueT:
    """The workspace's own value, else the template's default, else `otherwise`."""
    if own is not None:
        return own
    return otherwise if default is None else default


def _assemble(flat: list[tuple[int, Node]]) -> tuple[Node, ...]:
    """The tree of nodes given in depth-first order, built from the end so that children come before their parent."""
    below: list[list[Node]] = [[] for _ in range(len(flat) + 1)]
    for number in range(len(flat) - 1, -1, -1):
        parent, node = flat[number]
        children = tuple(reversed(below[number]))
        below[parent].append(replace(node, children=children) if children else node)
    return tuple(reversed(below[-1]))
