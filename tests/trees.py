"""Templates for tests, written as nested dictionaries of names: `{"PM": {"Dev Lead": {}}}`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from workspaces.core.plan_words import WORDS
from workspaces.core.planning.field_diff import Content
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Action, Live, Mode, Plan
from workspaces.core.template import Entry, Node, Template
from workspaces.services.templates.loader import LoadedTemplate

Tree = Mapping[str, Any]
Entries = Sequence[Entry]

BEFORE: Tree = {
    "PM": {
        "Infra Lead": {
            "Dev Lead": {"Backend Engineer": {}, "Frontend Engineer": {}, "QA Engineer": {}, "Technical Writer": {}},
            "SRE Engineer": {},
            "Security Engineer": {},
        }
    }
}
AFTER: Tree = {
    "PM": {
        "Dev Lead": {
            "Infra Lead": {"SRE Engineer": {}, "Security Engineer": {}},
            "Backend Engineer": {},
            "Frontend Engineer": {},
            "QA Engineer": {},
            "Technical Writer": {},
        }
    }
}


PLAIN = Node(name="-", path="")  # it says no more than its name
SAID = PLAIN.digest


def plain(ids: Collection[UUID]) -> dict[UUID, Content]:
    """The contents of workspaces of which "Dev team" said no more than the name, and which nobody changed."""
    return {key: Content(PLAIN.declared(), PLAIN.declared(), template="Dev team") for key in ids}


# A reconcile that follows nobody: what stands elsewhere is made anew, and the old one goes.
REPLACING = ImportOptions.of(Mode.RECONCILE, moves=False)


def template(tree: Tree, *, asleep: Collection[str] = (), **spec: Any) -> Template:
    """A template of that tree; the names in `asleep` get `spawning: false`."""
    return Template(name="Dev team", workspaces=_nodes(tree, "workspaces", frozenset(asleep), spec))


def renamed(want: Template, previously: Mapping[str, Entries]) -> Template:
    """The template whose nodes of these names say what they were."""

    def of(node: Node) -> Node:
        entries = tuple(previously.get(node.name, ()))
        return replace(node, previously=entries, children=tuple(map(of, node.children)))

    return replace(want, workspaces=tuple(map(of, want.workspaces)))


def loaded(tree: Tree, *, asleep: Collection[str] = (), **spec: Any) -> LoadedTemplate:
    """The same, as if read from a file `dev.yaml`."""
    want = template(tree, asleep=asleep, **spec)
    return LoadedTemplate(template=want, source="dev.yaml", sha256=want.digest)


def live(tree: Tree, *, protected: Collection[str] = (), above: tuple[str, ...] = ()) -> tuple[Live, ...]:
    """Live rows of that tree. A row's id follows from its path; those whose path is in `protected` are protected."""
    rows: list[Live] = []
    for name, children in tree.items():
        path = (*above, name)
        rows.append(
            Live(
                id=id_of(*path),
                parent_id=id_of(*above) if above else None,
                name=name,
                protected=" › ".join(path) in protected,
                template="Dev team",
                declared_digest=SAID,
            )
        )
        rows += live(children, protected=protected, above=path)
    return tuple(rows)


def id_of(*path: str) -> UUID:
    return uuid5(NAMESPACE_URL, "/".join(path))


def _nodes(tree: Tree, path: str, asleep: frozenset[str], spec: dict[str, Any]) -> tuple[Node, ...]:
    return tuple(
        Node(
            name=name,
            path=f"{path}[{index}]",
            spawning=name not in asleep,
            spec=spec,
            children=_nodes(children, f"{path}[{index}].children", asleep, spec),
        )
        for index, (name, children) in enumerate(tree.items())
    )


def as_paths(plan: Plan) -> str:
    """Only what a plan changes or refuses, one line a workspace with its whole path."""
    rows = [row for row in plan.rows if row.action not in (Action.KEEP, Action.UNTOUCHED)]
    width = max((len(row.path) for row in rows), default=0) + 2
    return "\n".join(f"{WORDS[row.action].sign} {row.path:<{width}}{row.cause}" for row in rows)
