"""Two seconds of what `make fuzz` does for a minute, in a process of its own: a crash is seen too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.fuzz import read
from tests.hostile.fuzzing import seeds
from tests.processes import ROOT

SECONDS = os.environ.get("FUZZ_SECONDS", "2")


@pytest.mark.fuzz
def test_the_reader_raises_its_own_errors_alone_and_never_dies(tmp_path: Path) -> None:
    last = tmp_path / "last"
    last.touch()
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.fuzz", SECONDS],
        cwd=ROOT,
        env=os.environ | {"FUZZ_LAST": str(last)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nlast example:\n{last.read_bytes()[:2_000]!r}"
    assert "examples, nothing found" in done.stdout


def test_every_seed_is_read_or_refused() -> None:
    assert len(seeds()) > 100
    for seed in seeds():
        read(seed)
