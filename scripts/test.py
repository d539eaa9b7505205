"""Run the tests on SQLite, on PostgreSQL (the server of DATABASE_URL, or a throwaway one), on container engines that
they start themselves, and in a browser.

Arguments go to pytest; `--only sqlite`, `postgres`, `docker` or `browser` runs one part, and can be said several times.
The engines and then the browser, which mostly wait, are tested beside the databases, unless `-n0` is among the
arguments. A part that cannot run here is named at the end, and is an error if ORGSITE_TEST_REQUIRE lists it (names,
separated by commas).
"""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from browsers import chromium
from lanes import Run, beside, run_all
from postgres import NoServer, throwaway_server

ROOT = Path(__file__).resolve().parent.parent
# Two processes at most: each makes a database of its own, and on two cores a third one makes all of it take longer.
# `-n0` among the arguments turns them off.
PYTEST = [sys.executable, "-m", "pytest", "--numprocesses=auto", "--maxprocesses=2", "--dist=worksteal"]
# The databases give way to the engines and the browser, which wait for most of their time and would else end last.
GIVING_WAY = ["nice", "-n", "5"]
NO_BROWSER = "no Chromium found; install it with `make system-deps`."
# A browser's event loop is in the way of any other test. An engine is started once, and no test of it twice.
APART = {"browser": ("tests/browser",), "docker": ("tests/engines", "tests/worker")}
NOWHERE = "nowhere"  # instead of paths, if all given ones belong to another part
NOTHING_CHOSEN = "none of its tests was chosen."
NOT_ASKED_FOR = "not asked for."
NO_TESTS = 5  # pytest's exit status
PARTS = {"sqlite": "SQLite", "postgres": "PostgreSQL", "docker": "Engines", "browser": "Browser"}
# Nothing here has to survive a crash.
CARELESS = {"max_connections": "200", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def main() -> int:
    options = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--only", choices=PARTS, action="append")
    chosen, pytest_args = options.parse_known_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))  # so that `finally` still runs

    os.chdir(ROOT)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start hundreds of processes
    parts = [part for part in PARTS if part in (chosen.only or PARTS)]
    results: dict[str, int | str] = dict.fromkeys(PARTS, NOT_ASKED_FOR)
    with database_server(parts) as server:
        runs = []
        for part in parts:
            planned = plan(part, parts, pytest_args, server)
            if isinstance(planned, Run):
                runs.append(planned)
            else:
                results[part] = planned
        if "-n0" in pytest_args or "--pdb" in pytest_args:
            run_all(runs, results)
        else:
            with beside([run for run in runs if run.name in APART], results):
                run_all([run for run in runs if run.name not in APART], results)
    return report(results)


@contextlib.contextmanager
def database_server(parts: list[str]) -> Iterator[str | NoServer]:
    """The address of the PostgreSQL that these parts share, or why there is none."""
    given = os.environ.get("DATABASE_URL", "")
    if is_postgres(given) or not {"postgres", "docker"}.intersection(parts):
        yield given
        return
    with contextlib.ExitStack() as stack:
        try:
            server: str | NoServer = stack.enter_context(throwaway_server(CARELESS))
        except NoServer as reason:
            server = reason
        yield server


def plan(part: str, parts: list[str], pytest_args: list[str], server: str | NoServer) -> Run | str:
    """The run of a part, or why it is left out."""
    args = [*chosen_for(part if part in APART else None, pytest_args), *options_of(part, parts, pytest_args)]
    if NOWHERE in args:
        return NOTHING_CHOSEN
    if part == "postgres" and isinstance(server, NoServer):
        return str(server)
    if part == "browser" and not chromium():
        return NO_BROWSER
    first = [] if part in APART else GIVING_WAY
    command = [*first, *PYTEST, *args, *(["--color=yes"] if sys.stdout.isatty() else [])]
    return Run(name=part, heading=heading(part), command=command, environment=environment(part, server))


def options_of(part: str, parts: list[str], pytest_args: list[str]) -> list[str]:
    """Its own options of pytest. Tests without a database, and those marked `once` where nobody chose by marks, run
    once; an engine stays in one process.
    """
    if part == "postgres" and "sqlite" in parts:
        asked = [f"({marks})" for option, marks in pairwise(pytest_args) if option == "-m"] or ["not once"]
        return ["-m", " and ".join(["database", *asked])]
    return {"docker": ["--dist=loadgroup"], "browser": ["-n0"]}.get(part, [])


def heading(part: str) -> str:
    given = is_postgres(os.environ.get("DATABASE_URL", ""))
    postgres = "PostgreSQL of DATABASE_URL" if given else "PostgreSQL, a throwaway server"
    return {"sqlite": "SQLite", "postgres": postgres, "docker": "container engines", "browser": "a real browser"}[part]


def environment(part: str, server: str | NoServer) -> dict[str, str]:
    """The database of the part. That of the engines has its own name, because another part uses the server."""
    given = os.environ.get("DATABASE_URL", "")
    if part not in ("postgres", "docker"):
        return {"DATABASE_URL": "" if is_postgres(given) else given}
    if isinstance(server, NoServer):
        return {}
    return {"DATABASE_URL": server} | ({"ORGSITE_TEST_DATABASE": "test_orgsite_engines"} if part == "docker" else {})


def chosen_for(part: str | None, pytest_args: list[str]) -> list[str]:
    """The arguments for a separate part, or for all the rest."""
    paths = [argument for argument in pytest_args if Path(ROOT, argument.split("::")[0]).exists()]
    options = [argument for argument in pytest_args if argument not in paths]
    apart = tuple(folder for folders in APART.values() for folder in folders)
    if part:
        mine = [path for path in paths if path.startswith(APART[part])] if paths else list(APART[part])
        return [*options, *(mine or [NOWHERE])]
    rest = [path for path in paths if not path.startswith(apart)] or [NOWHERE]
    return [*options, *(f"--ignore={folder}" for folder in apart), *(rest if paths else [])]


def report(results: dict[str, int | str]) -> int:
    """Print the result of each part, left-out ones last. 0 if all that had to pass passed."""
    status = 0
    print()
    told = {part: outcome(result) for part, result in results.items()}
    for part, result in sorted(told.items(), key=lambda item: isinstance(item[1], str)):
        if isinstance(result, str):
            print(f"{PARTS[part]}: LEFT OUT – {result}")
        else:
            print(f"{PARTS[part]}: {'passed' if result == 0 else f'FAILED (pytest ended with {result})'}")
            status = status or result
    for part, result in told.items():
        missing = isinstance(result, str) and result not in (NOTHING_CHOSEN, NOT_ASKED_FOR)
        if missing and part in required():
            print(f"{PARTS[part]} is required here (ORGSITE_TEST_REQUIRE).")
            status = status or 1
    return status


def outcome(result: int | str) -> int | str:
    return NOTHING_CHOSEN if result == NO_TESTS and not os.environ.get("CI") else result


def required() -> set[str]:
    return {name.strip() for name in os.environ.get("ORGSITE_TEST_REQUIRE", "").split(",")}


def is_postgres(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
