"""`python -m bench`: measure every part on a PostgreSQL server of its own, print the figures, write the report."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from bench.findings import Section
from bench.plot import svg
from bench.report import lines, markdown
from bench.run_part import SECTION
from scripts.postgres import throwaway_server

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("imports", "http", "memory", "series", "embedded", "pages", "stream", "teardown")
EMBEDDED = {"embedded"}  # on SQLite
FULL = 100_000
EMPTY = "empty"
# The usual settings of a production server; all others are PostgreSQL's defaults. Commits reach the disk.
SERVER = {"max_connections": "100", "shared_buffers": "512MB", "max_wal_size": "4GB"}

# With an engine, so that each workspace has a container row. The parts that need a real engine start their own.
ENVIRONMENT = {"ORGSITE_ENGINE": "docker", "ORGSITE_RUNTIME_IMAGES": '{"*": "none:1"}'}


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--n", type=int, default=FULL, help="the largest number of workspaces (default 100,000)")
    options.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    chosen = options.parse_args()
    began, sections = time.monotonic(), []
    with throwaway_server(SERVER) as server:
        migrate(server)
        for name in chosen.only or PARTS:
            print(f"{name} …", flush=True)
            started = time.monotonic()
            sections.append(run(name, server, n=chosen.n))
            print("\n".join(lines(sections[-1])), f"\n{name}: {time.monotonic() - started:.0f} s\n", flush=True)
    if chosen.only:
        return 0
    written = write(sections, n=chosen.n, seconds=time.monotonic() - began)
    missed = sum(not finding.met for section in sections for finding in section.findings)
    short = "" if chosen.n >= FULL else f" They are meant for N={FULL}; a quick look is too short to judge by."
    print(f"{missed or 'No'} target{'' if missed == 1 else 's'} missed.{short} The report is in {written}.")
    return int(missed > 0 and not short)


def write(sections: list[Section], *, n: int, seconds: float) -> Path:
    """Write the report and its plot, after a full run into `docs/`, after a short one into `.orgsite/bench`."""
    folder = ROOT / "docs" if n >= FULL else ROOT / ".orgsite" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    command = "make bench" if n == FULL else f"make bench N={n}"
    curves = {name: points for section in sections for name, points in section.curves.items() if points}
    text = markdown(sections, command=command, seconds=seconds, plot="benchmarks.svg")  # says if the tree is clean
    (folder / "benchmarks.svg").write_bytes(svg(curves))
    report = folder / "benchmarks.md"
    report.write_text(text, encoding="utf-8")
    return report.relative_to(ROOT)


def migrate(server: str) -> None:
    """Make the empty database that is copied for each part."""
    execute(server, f"CREATE DATABASE {EMPTY}")
    python(address(server, EMPTY), "manage.py", "migrate", "--verbosity=0")


def run(name: str, server: str, *, n: int) -> Section:
    """Run the part in a new process and a new database, and return its section."""
    with tempfile.TemporaryDirectory() as folder:
        database, file = address(server, name), Path(folder, "section.json")
        if name in EMBEDDED:
            database = f"sqlite:///{folder}/bench.sqlite3"
            python(database, "manage.py", "migrate", "--verbosity=0")
        else:
            execute(server, f"CREATE DATABASE {name} TEMPLATE {EMPTY}")
        python(database, "-m", "bench.run_part", name, str(n), str(file))
        return SECTION.validate_json(file.read_bytes())


def address(server: str, database: str) -> str:
    return f"{server.rpartition('/')[0]}/{database}"


def execute(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def python(database: str, *arguments: str) -> None:
    """Run Python on the database of that address."""
    environment = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "orgsite.settings"} | ENVIRONMENT
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
