"""Fuzz the reader: `python -m tests.hostile.fuzz SECONDS`. Exit status 0, or 1 if a failing example was found.

Each example is written to `FUZZ_LAST` before it is tried, so that one that kills the process is kept.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
import time
from pathlib import Path

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.hostile.fuzzing import Seed, seeds, spoiled, templates
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.reader import read_object, read_upload
from workspaces.core.validating.validation import validate
from workspaces.errors import OrgError

ROUND = 500  # examples
HANGS = 20  # seconds for one example
MEMORY = 2 * 2**30  # bytes
LIMITS = TemplateLimits(max_bytes=200_000, max_nodes=500)
ZONES = frozenset({"UTC", "Europe/Berlin"})
LAST = Path(os.environ.get("FUZZ_LAST", os.devnull))
WRITERS = {"dev.json": json.dumps, "dev.yaml": lambda value: yaml.safe_dump(value, allow_unicode=True)}


def written() -> st.SearchStrategy[Seed]:
    """Templates as files, rightly quoted."""
    return st.builds(
        lambda value, name: Seed(filename=name, content=WRITERS[name](value).encode(errors="surrogatepass")),
        templates(),
        st.sampled_from(list(WRITERS)),
    )


def read(example: Seed) -> None:
    """All that happens to an uploaded file, and to a body of JSON. Nothing but the reader's own errors may come out."""
    faulthandler.dump_traceback_later(HANGS, exit=True)
    try:
        source = read_upload(example.filename, example.content, LIMITS)
        validate(source.document, files=source.files, limits=LIMITS, zones=ZONES)
    except OrgError as error:
        str(error)
    try:
        read_object(example.content, LIMITS)
    except OrgError as error:
        str(error)
    faulthandler.cancel_dump_traceback_later()


def one_round(number: int) -> None:
    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(example=spoiled(seeds()) | written())
    def attempt(example: Seed) -> None:
        LAST.write_bytes(example.filename.encode() + b"\n" + example.content)
        read(example)

    attempt()


def main(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    end, start = time.monotonic() + seconds, time.time_ns()
    rounds = 0
    while time.monotonic() < end:
        one_round(start + rounds)
        rounds += 1
    print(f"{rounds * ROUND:,} examples, nothing found")  # noqa: T201 - a program's output


if __name__ == "__main__":
    main(float(sys.argv[1]))
