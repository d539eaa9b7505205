"""Emits events at a steady rate: `python -m bench.stream_writer EVENTS COMMITS` (both per second).

It reads the number of seconds from its standard input, and prints the number of commits at the end.
"""

from __future__ import annotations

import json
import sys
import time
from uuid import uuid4

import django


def main(events: str, commits: str) -> None:
    django.setup()
    from audit.emitting import Event, emit
    from audit.event_types import WORKSPACE_ONLINE

    workspace, run = uuid4(), uuid4()
    seconds, rate = int(sys.stdin.readline()), int(commits)
    start = time.monotonic()
    for number in range(seconds * rate):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        emit(
            [
                Event(
                    event_type=WORKSPACE_ONLINE.name,
                    organization="bench",
                    actor="bench",
                    workspace_id=workspace,
                    import_id=run,
                    payload={"name": f"Engineer {number}.{each}", "parent_id": None, "why": "created by an import"},
                )
                for each in range(int(events) // rate)
            ]
        )
    print(json.dumps({"commits": seconds * rate, "seconds": time.monotonic() - start}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
