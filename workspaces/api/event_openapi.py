"""The OpenAPI description of the events; rows and filters are in another package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_filters import Filter, UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.serializers import Serializer

from audit.event_table import as_markdown
from workspaces.api.openapi import refusals


def events(row: type[Serializer[Any]]) -> Any:
    """`GET /events`"""
    return extend_schema_view(
        get=extend_schema(
            operation_id="list_events",
            summary="The structure events, newest first",
            description="Of the organizations you may see. A `type` that does not exist is refused (400) with those "
            "that do; an id or a name that no event has is an empty list: events outlive what they speak of.\n\n"
            + as_markdown(),
            responses={200: row(many=True), **refusals(404)},
        )
    )


def event_stream(filters: Mapping[str, Filter]) -> Any:
    """`GET /events/stream`, with the filters of the list that make sense for what is still to come."""
    asked = [
        OpenApiParameter(
            name,
            OpenApiTypes.UUID if isinstance(each, UUIDFilter) else OpenApiTypes.STR,
            description=str(each.extra["help_text"]),
        )
        for name, each in filters.items()
    ]
    number, after = OpenApiTypes.INT64, "The id of the last event that came; all later ones follow."
    return extend_schema_view(
        get=extend_schema(
            operation_id="stream_events",
            summary="The structure events, as they happen",
            description="Server-Sent Events, oldest first, without an end: `id` is the event's, `event` its type, "
            "`data` what `GET /events` tells of it. With `Last-Event-ID` it goes on where it broke off and loses none; "
            "without, it begins now. An id that no event has reached (a backup was restored) is answered with an event "
            "`reset`, and then it begins now.",
            parameters=[
                *asked,
                OpenApiParameter("Last-Event-ID", number, OpenApiParameter.HEADER, description=after),
                OpenApiParameter("last_event_id", number, description=f"{after} The header comes first."),
            ],
            request=None,
            responses={
                (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, "Events follow"),
                **{(status, "application/json"): answer for status, answer in refusals(404, 501).items()},
            },
        )
    )
