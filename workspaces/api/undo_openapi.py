"""The OpenAPI description of undo and restore, with examples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view

from workspaces.api.openapi import ID, refusals
from workspaces.api.run_openapi import RUN_ID
from workspaces.api.undo_schemas import UndoAnswer, UndoConflict, UndoFields

RUN, LEAD, PM = (
    "0198f2a6-6c1e-7d43-9b0e-2f6f0f9f4d11",
    "0198f2a1-53b7-7e2a-8c0d-5f3f7f1d2a64",
    "0198f2a1-53b7-7b15-9a3c-1d2c3b4a5968",
)
FINGERPRINT = "6f1c2b0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c"
RULES = [
    {"rule": "collateral", "ok": True, "why": "0 of them not made by that run"},
    {"rule": "fraction", "ok": True, "why": "not more than 50% of the 4 that are live now"},
    {"rule": "external", "ok": True, "why": "0 containers of what becomes external"},
    {"rule": "data", "ok": True, "why": "no data is lost"},
]
PLAN: dict[str, Any] = {
    "mode": "undo",
    "run_id": None,
    "restored_count": 1,
    "removed_count": 0,
    "moved_count": 0,
    "updated_count": 0,
    "restored": [
        {"id": LEAD, "name": "Dev Lead", "parent_id": PM, "path": ["PM", "Dev Lead"], "data_lost": False},
    ],
    "removed": [],
    "moved": [],
    "updated": [],
    "cannot": [],
    "verdict": {"word": "free", "rules": RULES},
    "fingerprint": FINGERPRINT,
}
DRY_RUN = PLAN | {"dry_run": True, "guard": None}
APPLIED = PLAN | {"run_id": RUN}
BACK_EMPTY = "1 workspace would come back empty: the data was destroyed. Repeat 1 as confirm_data_loss."
LOSING = DRY_RUN | {
    "restored": [each | {"data_lost": True} for each in PLAN["restored"]],
    "verdict": {
        "word": "tick",
        "rules": [*RULES[:-1], {"rule": "data", "ok": False, "why": "1 workspace back with empty volumes"}],
    },
    "guard": {"message": BACK_EMPTY, "confirm_removals": None, "confirm_data_loss": 1},
}
TAKEN = "another workspace has the name Dev Lead at its place: rename or remove that one first"
CANNOT = [{"id": LEAD, "name": "Dev Lead", "why": TAKEN}]
REFUSALS = {
    "The data was destroyed": {
        "error": BACK_EMPTY, "errors": [], "confirm_removals": None, "confirm_data_loss": 1, "plan": LOSING,
    },
    "The tree changed since the dry run": {
        "error": "The tree or the template changed since this plan was made. Nothing was changed; look again.",
        "errors": [], "fingerprint": FINGERPRINT, "plan": DRY_RUN,
    },
    "Nothing of it can be taken back": {
        "error": f"Nothing of it can be taken back. Dev Lead: {TAKEN}.", "errors": [], "cannot": CANNOT,
        "plan": DRY_RUN | {"restored_count": 0, "restored": [], "cannot": CANNOT},
    },
}  # fmt: skip


def _examples() -> list[OpenApiExample]:
    answers = {"The plan": ("200", DRY_RUN), "Applied": ("201", APPLIED)}
    refused = {name: ("409", value) for name, value in REFUSALS.items()}
    return [
        OpenApiExample("Look first", value={"dry_run": True}, request_only=True),
        OpenApiExample(
            "Apply what was shown",
            value={"fingerprint": FINGERPRINT, "confirm_data_loss": 1, "reason": "TICKET-43"},
            request_only=True,
        ),
        *(
            OpenApiExample(name, value=value, response_only=True, status_codes=[status])
            for name, (status, value) in {**answers, **refused}.items()
        ),
    ]


RESPONSES = {
    200: OpenApiResponse(UndoAnswer, "Dry run: the plan; nothing was changed"),
    201: OpenApiResponse(UndoAnswer, "Applied"),
    **refusals(404),
    409: OpenApiResponse(
        UndoConflict,
        "Stale fingerprint, one that was applied already, a number to repeat, or nothing that can be taken back",
    ),
}
undo = extend_schema_view(
    post=extend_schema(
        operation_id="undo_run",
        summary="Undo a run: an import, a removal, or an undo",
        description="Removed workspaces come back under their ids, created ones go, moves and changed fields are put "
        "back where nobody changed them since. What cannot be taken back stands in `cannot` with its reason; the rest "
        "is undone without it, in one transaction. It is a run of its own. Where it removes anything it needs the "
        "permission to cascade-delete, too.",
        parameters=[RUN_ID],
        request=UndoFields,
        responses=RESPONSES,
        examples=_examples(),
    )
)
restore = extend_schema_view(
    post=extend_schema(
        operation_id="restore_workspace",
        summary="Restore a removed workspace with what went with it",
        description="It comes back under its id, with its schedules, and with its data while that is stored. Its old "
        "tokens stay revoked. One that is live is refused (409), as there is nothing to restore.",
        parameters=[ID],
        request=UndoFields,
        responses=RESPONSES,
        examples=_examples(),
    )
)
