"""The modules of this project and what each imports, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("lib", "audit", "workspaces", "orgsite")


@cache
def modules(*tops: str) -> dict[str, Path]:
    """Dotted name → file of every module but migrations; a package stands for its `__init__`."""
    found = {}
    for top in tops or PRODUCT:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def package_of(module: str, path: Path) -> str:
    return module if path.name == "__init__.py" else module.rpartition(".")[0]


@cache
def imported_names(text: str) -> tuple[str, ...]:
    """All that is imported at run time: `docker`, `docker.errors.NotFound`. Imports for types alone are left out."""
    tree = ast.parse(text)
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    return tuple(_names(node for node in ast.walk(tree) if id(node) not in skipped))


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "write imports from the top"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_modules(path: Path, known: dict[str, Path]) -> set[str]:
    """Those of the `known` modules that a file imports."""
    found = set()
    for name in imported_names(path.read_text()):
        while name and name not in known:
            name = name.rpartition(".")[0]
        found.add(name)
    return found - {""}
