"""Two rows of test runs side by side: one writes to the terminal, the other into a file that is shown afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import IO

LOOK = 0.2  # seconds between two looks at the file


@dataclass(frozen=True, kw_only=True)
class Run:
    """One call of pytest. `results` gets its exit status under `name`."""

    name: str
    heading: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def run_all(runs: Iterable[Run], results: dict[str, int | str]) -> None:
    """One after the other, on this terminal."""
    for run in runs:
        print(f"\n==> Tests on {run.heading}\n", flush=True)
        process = _start(run)
        try:
            results[run.name] = process.wait()
        except KeyboardInterrupt:
            process.wait()  # pytest was interrupted too, and still says how far it came
            raise
        except BaseException:
            process.terminate()
            process.wait()
            raise


@contextmanager
def beside(runs: list[Run], results: dict[str, int | str]) -> Iterator[None]:
    """Do these one after the other, at the same time as what happens within; show their output at the end."""
    if not runs:
        yield
        return
    with tempfile.NamedTemporaryFile(prefix="orgsite-tests-") as output, Path(output.name).open("rb") as said:
        row = _Row(runs, results, output)
        row.start()
        try:
            yield
            _follow(said, row)
        except KeyboardInterrupt:
            row.stop()  # its pytest was interrupted, too
            _follow(said, row)
            raise
        finally:
            row.stop(signal.SIGTERM)
            row.join()


class _Row(Thread):
    def __init__(self, runs: list[Run], results: dict[str, int | str], output: IO[bytes]) -> None:
        super().__init__()
        self._runs, self._results, self._output = runs, results, output
        self._lock, self._stopped = Lock(), False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        for run in self._runs:
            with self._lock:
                if self._stopped:
                    return
                self._output.write(f"\n==> Tests on {run.heading}\n\n".encode())
                self._output.flush()
                process = self._process = _start(run, self._output)
            self._results[run.name] = process.wait()

    def stop(self, number: signal.Signals | None = None) -> None:
        """Begin no further run, and send the signal to the one that goes on."""
        with self._lock:
            self._stopped = True
            if number and self._process:
                self._process.send_signal(number)


def _start(run: Run, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    error = subprocess.STDOUT if output else None
    return subprocess.Popen(run.command, env=os.environ | run.environment, stdout=output, stderr=error)


def _follow(said: IO[bytes], row: _Row) -> None:
    """Show what was said, and what comes until the row has ended."""
    while True:
        goes_on = row.is_alive()
        sys.stdout.buffer.write(said.read())
        sys.stdout.buffer.flush()
        if not goes_on:
            return
        time.sleep(LOOK)
