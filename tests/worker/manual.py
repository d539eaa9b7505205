"""The shell commands of a page of the documentation, run as they are printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from scripts.postgres import NoServer, server_binaries
from tests.processes import ROOT

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```sh\n(.+?)^```$", re.MULTILINE | re.DOTALL)


class Manual:
    """A page's blocks of commands by the headings they stand under; each is run by a shell, from the project's folder,
    with these variables. `unused` are the blocks that nobody has run yet."""

    def __init__(self, page: str, environment: Mapping[str, str]) -> None:
        text = (ROOT / page).read_text()
        parts = HEADING.split(text)[1:]
        self._blocks = dict(zip(parts[::2], (BLOCK.findall(part) for part in parts[1::2]), strict=True))
        self._environment = {**environment, "PATH": os.pathsep.join(_folders())}
        self.unused = {(heading, number) for heading, found in self._blocks.items() for number in range(len(found))}

    def run(self, heading: str, number: int = 0, *, status: int = 0, typed: str = "") -> str:
        """The output of the block; it has to end with this exit status. `typed` goes in as at a terminal."""
        self.unused.discard((heading, number))
        listening, terminal = os.openpty()
        try:
            os.write(listening, typed.encode())
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", self._blocks[heading][number]],
                cwd=ROOT,
                env=self._environment,
                stdin=terminal if typed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        finally:
            os.close(listening)
            os.close(terminal)
        assert done.returncode == status, done.stdout
        return done.stdout


def _folders() -> Iterator[str]:
    """Folders of programs: this Python's, PostgreSQL's newest, everybody's."""
    yield str(Path(sys.executable).parent)
    with suppress(NoServer):
        yield str(server_binaries())
    yield os.environ.get("PATH", os.defpath)
