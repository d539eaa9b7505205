"""Arrows between packages: only those that the table in CONTRIBUTING.md allows, and each of them downwards."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.modules import ROOT, imported_modules, modules, package_of

TOPS = ("orgsite", "workspaces", "audit", "lib")
COVERED = ("lib", "audit", "workspaces", "orgsite", "bench")
NAME, PURPOSE = 23, 66  # columns at which they end


def table() -> dict[str, list[str]]:
    """Package → what it may import, from the roof down, as CONTRIBUTING.md has it."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    block = text[text.index("## The house") :].split("```")[1].strip()
    lines = [(line[:NAME].strip(), line[PURPOSE:].split()) for line in block.splitlines()]
    return {long(name): [long(word) for word in words if word != "–"] for name, words in lines}


def long(name: str) -> str:
    return f"workspaces{name}" if name.startswith(".") else name


def allows(words: list[str], package: str) -> bool:
    return any(
        package == word.removesuffix(".*") or (word.endswith(".*") and package.startswith(word[:-1])) for word in words
    )


def arrows() -> dict[str, dict[str, str]]:
    """Package → each other package that it imports → one of the files that do."""
    known = modules(*COVERED)
    files = {name: (package_of(name, path), path) for name, path in known.items()}
    files["manage.py"] = ("manage.py", ROOT / "manage.py")
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for package, path in files.values():
        for module in imported_modules(path, known):
            target = files[module][0]
            if target != package:
                found[package][target] = str(path.relative_to(ROOT))
    return found


def test_every_arrow_is_allowed() -> None:
    allowed = table()
    for package, targets in arrows().items():
        assert package in allowed, f"{package} has no line in CONTRIBUTING.md's picture of the house: give it one."
        for target, file in targets.items():
            assert allows(allowed[package], target), (
                f"{file} imports {target}, which {package} may not. Move what it needs down, or, where the arrow is "
                "right, write it into the table in CONTRIBUTING.md."
            )


def test_each_top_level_package_is_one_floor() -> None:
    for package, targets in arrows().items():
        top = package.partition(".")[0]
        for target, file in targets.items():
            below = TOPS[TOPS.index(top) :] if top in TOPS else TOPS
            assert target.partition(".")[0] in (*below, "bench"), f"{file} imports {target}, which stands above it."


def test_every_arrow_runs_down() -> None:
    order = {package: floor for floor, package in enumerate(table())}
    for package, targets in arrows().items():
        for target, file in targets.items():
            assert target in order, f"{target} has no line in CONTRIBUTING.md's picture of the house: give it one."
            assert order[target] > order[package], f"{file} imports {target}, which stands above {package}."


def test_the_picture_shows_no_arrow_that_is_not_there() -> None:
    there = arrows()
    for package, words in table().items():
        for word in words:
            assert any(allows([word], target) for target in there.get(package, ())), (
                f"{package} does not import {word}: strike it from the table in CONTRIBUTING.md."
            )


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = modules(*COVERED)
    imports = {name: imported_modules(path, known) - {name} for name, path in known.items()}
    while leaves := [name for name, targets in imports.items() if not targets & imports.keys()]:
        for name in leaves:
            del imports[name]
    assert not imports, f"in a circle, or above one: {sorted(imports)}"


def test_no_module_name_is_used_twice_in_one_package() -> None:
    names: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for module, path in modules().items():
        # A command's file has the name that an operator types.
        if path.name != "__init__.py" and path.parent.name != "commands":
            names[module.split(".")[0], path.stem].append(path)
    for (top, name), paths in names.items():
        assert len(paths) == 1, f"{top} has {len(paths)} modules called {name}: {[str(path) for path in paths]}"


def test_no_class_name_has_two_meanings() -> None:
    names: dict[str, list[str]] = defaultdict(list)
    for path in modules().values():
        if path.parent.name != "commands":  # each command is a class called Command, as Django wants it
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    names[node.name].append(str(path.relative_to(ROOT)))
    for name, places in names.items():
        assert len(places) == 1, f"{name} is a class in {' and in '.join(places)}: name one of them after what it is."
