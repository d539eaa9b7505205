"""The addresses of the events, each with and without a trailing slash."""

from __future__ import annotations

from audit.api.event_views import EventsView
from audit.api.stream_view import EventStreamView
from workspaces.api.urls import both

urlpatterns = [
    *both("events", EventsView, name="events"),
    *both("events/stream", EventStreamView, name="event-stream"),
]
