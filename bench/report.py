"""The report in Markdown: every target with its measured value, then the tables of each part."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from bench.findings import Finding, Section, Table

LIBRARIES = ("Django", "djangorestframework", "psycopg", "PyYAML", "pydantic", "uvicorn")


def markdown(sections: Sequence[Section], *, command: str, seconds: float, plot: str) -> str:
    return "\n\n".join(_blocks(sections, command=command, seconds=seconds, plot=plot)) + "\n"


def lines(section: Section) -> Iterator[str]:
    """Lines for the terminal: the tables, then one for each target."""
    for table in section.tables:
        widths = [max(map(len, column)) for column in zip(table.head, *table.rows, strict=True)]
        for row in (table.head, *table.rows):
            yield "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        yield ""
    for what, measured, limit, met, where in map(_row, section.findings):
        yield f"{met:>10}  {what}: {measured} ({limit}) {where}".rstrip()


def _blocks(sections: Sequence[Section], *, command: str, seconds: float, plot: str) -> Iterator[str]:
    findings = [finding for section in sections for finding in section.findings]
    missed = sum(not finding.met for finding in findings)
    yield "# Benchmarks"
    yield (
        f"Written by `{command}` on {date.today():%d %B %Y}, in {seconds / 60:.0f} minutes, on "  # noqa: DTZ011
        f"commit {_commit()}. Ratios are what counts: both sides ran in turn, on one machine, in one run."
    )
    yield _markdown(Table(head=("what ran", ""), rows=list(_machine())))
    yield "## Targets"
    yield f"{len(findings) - missed} of {len(findings)} met."
    yield _markdown(Table(head=("", "measured", "target", "", "where"), rows=[_row(each) for each in findings]))
    if plot:
        yield f"![Seconds against the number of workspaces]({plot})"
    for section in sections:
        yield f"## {section.title}"
        yield section.words.strip()
        yield from (_markdown(table) for table in section.tables)


def _row(each: Finding) -> tuple[str, ...]:
    unit = f" {each.unit}" if each.unit else ""
    sign = "≥" if each.at_least else "≤"
    measured, limit = f"{each.measured:,.2f}{unit}", f"{sign} {each.limit:,g}{unit}"
    return each.what, measured, limit, "met" if each.met else "**missed**", each.detail


def _markdown(table: Table) -> str:
    rule = ["---"] * len(table.head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.head, rule, *table.rows))


def _machine() -> Iterator[tuple[str, str]]:
    yield "processor", f"{_processor()}, {os.cpu_count()} cores"
    yield "memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    yield "system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    yield "libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    names = [line.partition(": ")[2] for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return f"`{done.stdout.strip()}`" if done.returncode == 0 else "nobody knows which"
