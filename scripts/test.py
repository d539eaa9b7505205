"""Run the tests on SQLite, on PostgreSQL (the server of DATABASE_URL, or a throwaway one), on container engines that
they start themselves, and in a browser.

Arguments go to pytest; `--only sqlite`, `postgres`, `docker` or `browser` runs one part. What could not run here is
said at the very end, and is an error where ORGSITE_TEST_REQUIRE lists it (names, separated by commas).
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from postgres import NoServer, throwaway_server

ROOT = Path(__file__).resolve().parent.parent
# Two processes at most: each makes a database of its own. `-n0` among the arguments turns them off.
PYTEST = [sys.executable, "-m", "pytest", "--numprocesses=auto", "--maxprocesses=2"]
BROWSERS = ("chromium", "chromium-browser")
NO_BROWSER = "no Chromium found; install it with `make system-deps`."
# A browser's event loop is in the way of any other test. An engine is started once, and no test of it twice.
APART = {"browser": ("tests/browser",), "docker": ("tests/engines", "tests/worker")}
NOWHERE = "nowhere"  # instead of paths, where all that were given belong to another part
NOTHING_CHOSEN = "none of its tests was chosen."
NOT_ASKED_FOR = "not asked for."
NO_TESTS = 5  # pytest's exit status
PARTS = {"sqlite": "SQLite", "postgres": "PostgreSQL", "docker": "Engines", "browser": "Browser"}
# Nothing here has to survive a crash.
CARELESS = {"max_connections": "200", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def main() -> int:
    options = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--only", choices=PARTS)
    chosen, pytest_args = options.parse_known_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))  # so that `finally` still runs

    given = os.environ.pop("DATABASE_URL", "")
    results: dict[str, int | str] = dict.fromkeys(PARTS.values(), NOT_ASKED_FOR)
    elsewhere = chosen_for(None, pytest_args)
    if chosen.only in (None, "sqlite"):
        results["SQLite"] = run_pytest("SQLite", elsewhere, None if is_postgres(given) else given)
    if chosen.only in (None, "postgres"):
        results["PostgreSQL"] = run_on_postgres(elsewhere, given)
    if chosen.only in (None, "docker"):
        results["Engines"] = run_on_engines(chosen_for("docker", pytest_args), given)
    if chosen.only in (None, "browser"):
        results["Browser"] = run_in_browser(chosen_for("browser", pytest_args))
    return report(results)


def chosen_for(part: str | None, pytest_args: list[str]) -> list[str]:
    """The arguments for a part that stands apart, or for all the rest."""
    paths = [argument for argument in pytest_args if Path(ROOT, argument.split("::")[0]).exists()]
    options = [argument for argument in pytest_args if argument not in paths]
    apart = tuple(folder for folders in APART.values() for folder in folders)
    if part:
        mine = [path for path in paths if path.startswith(APART[part])] if paths else list(APART[part])
        return [*options, *(mine or [NOWHERE])]
    rest = [path for path in paths if not path.startswith(apart)] or [NOWHERE]
    return [*options, *(f"--ignore={folder}" for folder in apart), *(rest if paths else [])]


def run_in_browser(pytest_args: list[str]) -> int | str:
    """pytest's exit status, or why it did not run."""
    if not any(map(shutil.which, BROWSERS)):
        return NO_BROWSER
    return run_pytest("a real browser", [*pytest_args, "-n0"], None)


def run_on_engines(pytest_args: list[str], given: str) -> int | str:
    """pytest's exit status. Where no engine could be started its summary says so; without PostgreSQL, on SQLite."""
    grouped = [*pytest_args, "--dist=loadgroup"]
    try:
        with contextlib.nullcontext(given) if is_postgres(given) else throwaway_server(CARELESS) as url:
            return run_pytest("container engines", grouped, url)
    except NoServer:
        return run_pytest("container engines", grouped, None)


def run_on_postgres(pytest_args: list[str], given: str) -> int | str:
    """pytest's exit status, or why it did not run."""
    if is_postgres(given):
        return run_pytest("PostgreSQL of DATABASE_URL", pytest_args, given)
    try:
        with throwaway_server(CARELESS) as url:
            return run_pytest("PostgreSQL, a throwaway server", pytest_args, url)
    except NoServer as reason:
        return str(reason)


def run_pytest(title: str, args: list[str], database_url: str | None) -> int | str:
    """pytest's exit status, or that the arguments choose no test of this part."""
    if NOWHERE in args:
        return NOTHING_CHOSEN
    print(f"\n==> Tests on {title}\n", flush=True)
    environment = os.environ | ({"DATABASE_URL": database_url} if database_url else {})
    process = subprocess.Popen([*PYTEST, *args], cwd=ROOT, env=environment)
    try:
        status = process.wait()
        return NOTHING_CHOSEN if status == NO_TESTS and not os.environ.get("CI") else status
    except KeyboardInterrupt:
        process.wait()  # pytest was interrupted too, and still says how far it came
        raise
    except BaseException:
        process.terminate()
        process.wait()
        raise


def report(results: dict[str, int | str]) -> int:
    """Say how each half ended, what was left out last. 0 where all that had to pass passed."""
    status = 0
    print()
    for part, result in sorted(results.items(), key=lambda item: isinstance(item[1], str)):
        if isinstance(result, str):
            print(f"{part}: LEFT OUT – {result}")
        else:
            print(f"{part}: {'passed' if result == 0 else f'FAILED (pytest ended with {result})'}")
            status = status or result
    for name, part in PARTS.items():
        missing = isinstance(results[part], str) and results[part] not in (NOTHING_CHOSEN, NOT_ASKED_FOR)
        if missing and name in required():
            print(f"{part} is required here (ORGSITE_TEST_REQUIRE).")
            status = status or 1
    return status


def required() -> set[str]:
    return {name.strip() for name in os.environ.get("ORGSITE_TEST_REQUIRE", "").split(",")}


def is_postgres(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
