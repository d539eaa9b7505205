"""Runs of pytest: one after the other on the terminal, others beside them, with output shown afterwards."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LOOK = 0.2  # seconds between two reads of a hidden run's output


@dataclass(frozen=True, kw_only=True)
class Run:
    """One call of pytest. `results` gets its exit status under `name`."""

    name: str
    heading: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        error = subprocess.STDOUT if output else None
        return subprocess.Popen(self.command, env=os.environ | self.environment, stdout=output, stderr=error)


def run_all(runs: Iterable[Run], results: dict[str, int | str]) -> None:
    """One after the other, on this terminal."""
    for run in runs:
        print(f"\n==> Tests on {run.heading}\n", flush=True)
        process = run.start()
        try:
            results[run.name] = process.wait()
        except KeyboardInterrupt:
            process.wait()  # pytest was interrupted too, and still prints a summary
            raise
        except BaseException:
            process.terminate()
            process.wait()
            raise


@contextmanager
def beside(runs: Iterable[Run], results: dict[str, int | str]) -> Iterator[None]:
    """Run these while the block runs, hidden; then show the output of each in turn."""
    with ExitStack() as stack:
        hidden = [stack.enter_context(_hidden(run)) for run in runs]
        try:
            yield
            for each in hidden:
                results[each.run.name] = each.show()
        except KeyboardInterrupt:
            for each in hidden:
                each.show()  # its pytest was interrupted, too
            raise


class _Hidden:
    def __init__(self, run: Run, output: IO[bytes], said: IO[bytes]) -> None:
        self.run, self._said = run, said
        self.process = run.start(output)
        self._shown = False

    def show(self) -> int:
        """Print its output, old and new, until it ends; its exit status."""
        if not self._shown:
            print(f"\n==> Tests on {self.run.heading}\n", flush=True)
            self._shown = True
        while True:
            status = self.process.poll()
            sys.stdout.buffer.write(self._said.read())
            sys.stdout.buffer.flush()
            if status is not None:
                return status
            time.sleep(LOOK)


@contextmanager
def _hidden(run: Run) -> Iterator[_Hidden]:
    with tempfile.NamedTemporaryFile(prefix="orgsite-tests-") as output, Path(output.name).open("rb") as said:
        hidden = _Hidden(run, output, said)
        try:
            yield hidden
        finally:
            if hidden.process.poll() is None:
                hidden.process.terminate()
                hidden.process.wait()
