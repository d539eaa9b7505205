"""The OpenAPI description of the runs."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view

from workspaces.api.openapi import refusals
from workspaces.api.serializers import OperationRow, RunRow

RUN_ID = OpenApiParameter("run_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The run's id.")
runs = extend_schema_view(
    get=extend_schema(
        operation_id="list_runs",
        summary="The runs: every applied plan, and those that failed or were refused",
        description="Of the organizations you may see, the latest first. A removal (`mode` `remove`) is a run, too; so "
        "are an undo and a restore (`mode` `undo`).",
        responses={200: RunRow(many=True), **refusals(404)},
    )
)
run = extend_schema_view(
    get=extend_schema(
        operation_id="get_run",
        summary="One run",
        description="Its id is the `import_id` of the events and the history that it wrote.",
        parameters=[RUN_ID],
        responses={200: RunRow, **refusals(404)},
    )
)
run_operations = extend_schema_view(
    get=extend_schema(
        operation_id="list_run_operations",
        summary="What a run did to which workspace",
        description="In the order of its plan: restores and creations, parents first, then moves, updates and "
        "removals. `before` and `after` have the `fields` that it changed.",
        parameters=[RUN_ID],
        responses={200: OperationRow(many=True), **refusals(404)},
    )
)
