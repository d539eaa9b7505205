"""Examples in the OpenAPI description; a test holds them against their shapes."""

from __future__ import annotations

from typing import Any

RUN = "0f6c2a51-7d0b-4a57-8f0c-3a8b1f1f9b52"
PARENT = "01a22861-0880-708d-acec-c25d6500d140"

GONE: dict[str, Any] = {
    "deleted": True,
    "removed_at": "2026-11-29T20:25:30Z",
    "by": "olga",
    "reason": "TICKET-42, new development tree",
    "run_id": RUN,
    "restorable_until": "2026-12-06T20:25:30Z",
}
REMOVED_WORKSPACE: dict[str, Any] = {
    "id": "01a22861-0880-708d-acec-c25d6500d142",
    "organization": "acme",
    "parent_id": PARENT,
    "name": "Backend Engineer",
    "role": "Builds the services.",
    "tier": 2,
    "runtime": "claude-code",
    "model": "",
    "status": "removed",
    "protected": False,
    "external": False,
    "url": "",
    "reported_url": "",
    "template": "Dev team",
    "differs": "none",
    "created_at": "2026-05-12T20:13:04Z",
    "updated_at": "2026-11-29T20:25:30Z",
    "removed_at": "2026-11-29T20:25:30Z",
    "last_heartbeat_at": "2026-11-29T20:25:12Z",
    "path": ["PM", "Dev Lead"],
    "children_count": 0,
    "spec": {},
    "files": None,
    "schedules": [],
    "container": {
        "desired": "absent",
        "observed": "absent",
        "keep_volumes": False,
        "attempts": 0,
        "last_error": "",
        "next_attempt_at": None,
        "changed_at": "2026-11-29T20:25:36Z",
    },
    "removal": {
        "removed_at": "2026-11-29T20:25:30Z",
        "by": "olga",
        "reason": "TICKET-42, new development tree",
        "run_id": RUN,
        "run_number": 147,
        "restorable_until": "2026-12-06T20:25:30Z",
        "purged_at": None,
    },
}
