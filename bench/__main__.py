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
from bench.one import SECTION
from scripts.postgres import throwaway_server

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("imports", "stream", "pages", "teardown", "memory")
FULL = 100_000
# What somebody would set who runs this for work; everything else as PostgreSQL ships. Commits reach the disk.
SERVER = {"max_connections": "100", "shared_buffers": "512MB", "max_wal_size": "4GB"}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--n", type=int, default=FULL, help="the largest number of workspaces (default 100,000)")
    options.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    chosen = options.parse_args()
    sections = []
    with throwaway_server(SERVER) as server:
        for name in chosen.only or PARTS:
            began = time.monotonic()
            sections.append(run(name, server, n=chosen.n))
            print(f"{name}: {time.monotonic() - began:,.0f} s", flush=True)
    return tell(sections)


def run(name: str, server: str, *, n: int) -> Section:
    """The part's section, from a process and a database that nothing else has touched."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    address = server.rpartition("/")[0] + f"/{name}"
    environment = os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "orgsite.settings"}
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(
            [sys.executable, "-m", "bench.one", name, str(n), file.name], cwd=ROOT, env=environment, check=True
        )
        return SECTION.validate_json(Path(file.name).read_bytes())


def tell(sections: list[Section]) -> int:
    """Print the figures; 0 where every limit was kept."""
    findings = [finding for section in sections for finding in section.findings]
    for finding in findings:
        mark = "ok  " if finding.met else "MISS"
        sign = "≥" if finding.at_least else "≤"
        print(
            f"{mark} {finding.what}: {finding.measured:,.2f} {finding.unit} ({sign} {finding.limit:g}) {finding.detail}"
        )
    return 0 if all(finding.met for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
