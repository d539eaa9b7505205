"""The paths of server programs that tests start: PgBouncer and nginx.

If one is missing, its tests are skipped, or fail if ORGSITE_TEST_REQUIRE lists its name.
"""

from __future__ import annotations

import os
import shutil

import pytest

FOLDERS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))  # Debian keeps daemons there
REQUIRED = {name.strip() for name in os.environ.get("ORGSITE_TEST_REQUIRE", "").split(",")}
LEFT_OUT = "is not installed here"


def program(name: str) -> str:
    """The program's path. Skips the calling test where there is none, or fails it where it is required."""
    if path := shutil.which(name, path=FOLDERS):
        return path
    if name in REQUIRED:
        pytest.fail(f"ORGSITE_TEST_REQUIRE asks for {name}, but it {LEFT_OUT}. Did `make system-deps` run?")
    pytest.skip(f"{name} {LEFT_OUT}: `make system-deps` installs it.")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    said = [str(report.longrepr[-1]) for report in terminalreporter.getreports("skipped") if report.longrepr]
    for words in sorted({words.removeprefix("Skipped: ") for words in said if LEFT_OUT in words}):
        terminalreporter.write_line(f"LEFT OUT – {words}", yellow=True)
