"""The OpenAPI description: input and answers of each operation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.fields import CharField, ChoiceField, Field

from workspaces.api.answer_schemas import (
    DeleteConflict,
    DeletedAnswer,
    ErrorAnswer,
    GoneAnswer,
    HealthAnswer,
    ImportAnswer,
    ImportConflict,
    ReadyAnswer,
    TemplateRow,
    TokenAnswer,
)
from workspaces.api.examples import GONE, REMOVED_WORKSPACE
from workspaces.api.request_fields import Boolean, Count
from workspaces.api.serializers import (
    ChangedFields,
    DeleteFields,
    ImportFields,
    NewWorkspaceFields,
    RegisterFields,
    WorkspaceDetail,
    WorkspaceRow,
)

# ---- credentials


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "workspaces.api.callers.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token made by `manage.py api_token USERNAME`."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "workspaces.api.callers.AdminSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        description = "A login at `/admin/`; what changes something needs the CSRF token too."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": description}


class WorkspaceTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "workspaces.api.callers.WorkspaceTokenAuthentication"
    name = "workspace_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The workspace's own token."}


# ---- refusals

WHY = {
    400: "Malformed body, field or parameter",
    401: "No or bad credentials",
    403: "Not allowed",
    404: "Unknown, or of an organization you cannot see",
    405: "This method does not exist here",
    406: "Answers are JSON",
    408: "The body came too slowly",
    409: "Not as things are now",
    413: "Too large",
    415: "A media type or character set that is not read here",
    429: "Too many changes within a minute, or too many bad tokens; `Retry-After` says when to try again",
    501: "This server cannot stream",
    503: "The database is away, busy, read-only or full, or too many are listening; `Retry-After` where that passes",
}
ANYWHERE = (400, 405, 406, 408, 413, 415)


def refusals(*statuses: int) -> dict[int, OpenApiResponse]:
    """The errors of an operation with credentials, besides those of every operation."""
    return errors(*ANYWHERE, 401, 403, 429, 503, *statuses)


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    return {status: OpenApiResponse(ErrorAnswer, WHY[status]) for status in sorted(statuses)}


ID = OpenApiParameter("workspace_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The workspace's id.")

# ---- operations


def _import_body() -> dict[str, Any]:
    """The four forms."""
    inline = {"template": {"type": "object", "additionalProperties": True, "description": "An org template."}}
    on_server = {"dir": {"type": "string", "description": "A template's directory on the server."}}
    file = {"file": {"type": "string", "format": "binary", "description": "A .yaml, .yml, .json or .zip file."}}
    shared = import_fields()
    yaml = {"type": "string", "description": "An org template; the other fields are query parameters."}
    return {
        "application/json": {"oneOf": [_object(inline | shared, "template"), _object(on_server | shared, "dir")]},
        "multipart/form-data": _object(file | shared, "file"),
        "application/yaml": yaml,
        "application/x-yaml": yaml,
        "text/yaml": yaml,
    }


def import_fields() -> dict[str, Any]:
    """The fields besides the template, as JSON Schema."""
    return {name: _shape(field) for name, field in ImportFields().fields.items()}


def _shape(field: Field[Any, Any, Any, Any]) -> dict[str, Any]:
    """One field, as in a body, a form or the query."""
    shape: dict[str, Any] = {"type": "string"}
    match field:
        case Boolean():
            shape = {"type": "boolean"}
        case Count():
            shape = {"type": "integer", "minimum": 0}
        case ChoiceField():
            shape |= {"enum": ["", *field.choices]}
        case CharField(max_length=int(most)):
            shape |= {"maxLength": most}
    if type(field.default) in (bool, str) and field.default != "":
        shape |= {"default": field.default}
    return {**shape, "description": str(field.help_text)}


def _object(properties: dict[str, Any], required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [required], "additionalProperties": False}


def _yaml_parameters() -> list[OpenApiParameter]:
    return [
        OpenApiParameter(
            key, shape, OpenApiParameter.QUERY, description=f"Only with a YAML body. {shape['description']}"
        )
        for key, shape in import_fields().items()
    ]


org_import = extend_schema_view(
    post=extend_schema(
        operation_id="import_org",
        summary="Import an org template",
        description="`merge` creates what is missing; it moves and updates if `moves` and `updates` are set. "
        "`reconcile` creates, moves, updates, and then removes leftovers that carry a declared name; with `retire` "
        "also what this template no longer declares. All of it happens in one transaction, or nothing.",
        parameters=_yaml_parameters(),
        request=_import_body(),
        responses={
            200: OpenApiResponse(ImportAnswer, "Dry run: the plan; nothing was changed"),
            201: OpenApiResponse(ImportAnswer, "Applied"),
            **refusals(404),
            409: OpenApiResponse(
                ImportConflict,
                "Stale fingerprint, one that was applied already, removal guard, or a name taken meanwhile",
            ),
        },
    )
)
org_templates = extend_schema_view(
    get=extend_schema(
        operation_id="list_templates",
        summary="The org templates on the server",
        description="One entry for each directory, also for one that does not load.",
        responses={200: TemplateRow(many=True), **refusals()},
    )
)
_JSON_SCHEMA = {"type": "object", "additionalProperties": True}
template_schema = extend_schema_view(
    get=extend_schema(
        operation_id="get_template_schema",
        summary="The JSON Schema of org templates, for editors",
        description="Draft 2020-12, of a template after its includes. It has an `ETag` and may be kept for an hour.",
        responses={
            (200, "application/schema+json"): OpenApiResponse(_JSON_SCHEMA, "The schema"),
            (200, "application/json"): OpenApiResponse(_JSON_SCHEMA, "The schema"),
            **refusals(404),
        },
    )
)
workspaces = extend_schema_view(
    get=extend_schema(
        operation_id="list_workspaces",
        summary="The workspaces you may see",
        description="Oldest first; live ones, unless `status` says otherwise.",
        responses={200: WorkspaceRow(many=True), **refusals(404)},
    ),
    post=extend_schema(
        operation_id="create_workspace",
        summary="Create one workspace by hand",
        description="A live sibling of the same name is a conflict (409).",
        request=NewWorkspaceFields,
        responses={201: WorkspaceDetail, **refusals(404, 409)},
    ),
)
workspace = extend_schema_view(
    get=extend_schema(
        operation_id="get_workspace",
        summary="One workspace with all that belongs to it",
        description="Live or removed. `removal` says when, by whom, why and by which run it was removed, and until "
        "when it can come back with its data.",
        parameters=[ID],
        responses={200: WorkspaceDetail, **refusals(404)},
        examples=[OpenApiExample("A removed one", value=REMOVED_WORKSPACE, response_only=True, status_codes=["200"])],
    ),
    patch=extend_schema(
        operation_id="change_workspace",
        summary="Change protection, role or tier",
        description="A removed workspace stays as it is (409).",
        parameters=[ID],
        request=ChangedFields,
        responses={200: WorkspaceDetail, **refusals(404, 409)},
    ),
    delete=extend_schema(
        operation_id="delete_workspace",
        summary="Remove a workspace with everything live below it",
        description="Where it has live children it asks for `confirm=true` first. Deleting twice is harmless; with "
        "`erase` it destroys the data that is stored of a removed one.",
        parameters=[ID, DeleteFields],
        responses={
            200: DeletedAnswer,
            **refusals(404),
            409: OpenApiResponse(DeleteConflict, "It has live children and `confirm` is missing, or one is protected"),
        },
    ),
)
workspace_tokens = extend_schema_view(
    post=extend_schema(
        operation_id="issue_workspace_token",
        summary="A new access token for the workspace's agent",
        description="Shown this once; only its hash is stored.",
        parameters=[ID],
        request=None,
        responses={201: TokenAnswer, **refusals(404, 409)},
    )
)
REMOVED = OpenApiResponse(
    GoneAnswer, "The workspace is removed", examples=[OpenApiExample("Its data waits", value=GONE)]
)
heartbeat = extend_schema_view(
    post=extend_schema(
        operation_id="heartbeat",
        summary="The workspace's agent is alive",
        description="With the workspace's own token.",
        parameters=[ID],
        request=None,
        responses={204: None, **refusals(404), 410: REMOVED},
    )
)
register = extend_schema_view(
    post=extend_schema(
        operation_id="register",
        summary="The workspace's agent says where it listens",
        description="With the workspace's own token.",
        parameters=[ID],
        request=RegisterFields,
        responses={204: None, **refusals(404), 410: REMOVED},
    )
)
healthz = extend_schema_view(
    get=extend_schema(
        operation_id="healthz",
        summary="The process is up",
        description="Asks nothing of the database.",
        responses={200: HealthAnswer, **errors(*ANYWHERE)},
        auth=[],
    )
)
readyz = extend_schema_view(
    get=extend_schema(
        operation_id="readyz",
        summary="Whether requests can be answered",
        description="States of the database, its migrations, origin and writes, engine, backlog, uploads.",
        responses={200: ReadyAnswer, 503: ReadyAnswer, **errors(*ANYWHERE)},
        auth=[{}, {"token": []}, {"session": []}],  # type: ignore[list-item]
    )
)
