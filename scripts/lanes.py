"""Runs of pytest: one after the other on the terminal, others beside them, with output shown afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Event, Thread
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
    """Run these, one after the other, while the block runs, hidden; then show the output of each in turn."""
    with ExitStack() as stack:
        files = ((run, stack.enter_context(NamedTemporaryFile(prefix="orgsite-tests-"))) for run in runs)
        lane = _Lane([_Hidden(run, output) for run, output in files])
        lane.start()
        try:
            yield
            for each in lane.hidden:
                results[each.run.name] = each.show()
        except KeyboardInterrupt:
            lane.begin_no_more()
            for each in lane.hidden:
                each.show()  # its pytest was interrupted, too
            raise
        finally:
            lane.end()


class _Hidden:
    """A run whose output goes to a file until it is shown."""

    def __init__(self, run: Run, output: IO[bytes]) -> None:
        self.run, self._output = run, output
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = Event()

    def carry_out(self, *, given_up: Event) -> None:
        try:
            if not given_up.is_set():
                self._process = self.run.start(self._output)
                if given_up.is_set():  # meanwhile
                    self.stop()
                self._process.wait()
        finally:
            self._ended.set()

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def show(self) -> int:
        """Print its output, old and new, until it ends; its exit status, 1 if it never began."""
        with Path(self._output.name).open("rb") as said:
            print(f"\n==> Tests on {self.run.heading}\n", flush=True)
            ended = False
            while not ended:
                ended = self._ended.wait(LOOK)
                sys.stdout.buffer.write(said.read())
                sys.stdout.buffer.flush()
        return self._process.returncode if self._process else 1


class _Lane(Thread):
    def __init__(self, hidden: Sequence[_Hidden]) -> None:
        super().__init__(name="beside")
        self.hidden = hidden
        self._given_up = Event()

    def run(self) -> None:
        for each in self.hidden:
            each.carry_out(given_up=self._given_up)

    def begin_no_more(self) -> None:
        self._given_up.set()

    def end(self) -> None:
        self.begin_no_more()
        for each in self.hidden:
            each.stop()
        self.join()
