"""The mark on a container that identifies the database it was made from: an event's id and digest.

After a restore, ids are given out anew for other events. So the id alone would prove nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

DIGITS = 32  # hexadecimal: 128 bits
EPOCH = re.compile(r"([1-9][0-9]{0,18}):[0-9a-f]{32}")
LARGEST = 2**63 - 1  # what a database takes for an id


def epoch_of(event: Mapping[str, Any]) -> str:
    """`<id>:<digest>` of an event, given as all of its fields by name; `created_at` is aware."""
    made: datetime = event["created_at"]
    facts = {**event, "created_at": made.astimezone(UTC).isoformat(timespec="microseconds")}
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), default=str)
    return f"{event['id']}:{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"


def event_id(epoch: str) -> int | None:
    """The event that a mark names; None if it is no mark of ours, so that no event can have it."""
    found = EPOCH.fullmatch(epoch)
    number = int(found[1]) if found else 0
    return number if 0 < number <= LARGEST else None
