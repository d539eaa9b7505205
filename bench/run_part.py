"""One part in a process of its own, on an empty database: `python -m bench.run_part NAME N FILE`."""

from __future__ import annotations

import importlib
import sys
import warnings
from pathlib import Path

import django
from pydantic import TypeAdapter

from bench.findings import Section
from lib import gc_tuning

SECTION = TypeAdapter(Section)


def main(name: str, n: str, file: str) -> None:
    django.setup()
    warnings.filterwarnings("ignore", message="No directory at")  # static files come from their source folders
    part = importlib.import_module(f"bench.{name}")
    gc_tuning.freeze_loaded()  # as the site does
    gc_tuning.watch_in_background()
    section = part.measure(n=int(n))
    Path(file).write_bytes(SECTION.dump_json(section))


if __name__ == "__main__":
    main(*sys.argv[1:])
