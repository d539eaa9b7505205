"""`GET /events`: the structure events of the organizations a user may see, newest first."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django_filters import CharFilter, UUIDFilter
from django_filters.rest_framework import FilterSet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.api import event_openapi
from audit.event_row import FIELDS, row_of
from audit.event_types import NAMES
from audit.models import StructureEvent, StructureEventQuerySet
from audit.type_filter import has_index, is_known, refusal
from workspaces import access
from workspaces.access import Right
from workspaces.api.base_view import ListView
from workspaces.api.callers import OnEvents
from workspaces.api.pagination import Keyset
from workspaces.api.time_filter import moment
from workspaces.api.workspace_filter import asked_organization

Events = StructureEventQuerySet


class EventRow(serializers.ModelSerializer[StructureEvent]):
    class Meta:
        model = StructureEvent
        fields = FIELDS
        read_only_fields = fields

    def to_representation(self, instance: StructureEvent) -> dict[str, Any]:
        return row_of(instance)


def known_type(asked: str) -> None:
    """Raise ValidationError for a type that does not exist: an empty list would say that nothing happened."""
    if not is_known(asked):
        raise ValidationError("%(sentence)s", params={"sentence": refusal(asked)})


class KindFilter(FilterSet):
    """The filters by subject: `type`, `workspace`, `org`, `import_id`, `actor`."""

    type = CharFilter(
        method="of_type",
        validators=[known_type],
        help_text=f"Exact, or a prefix: `org.import.` or `workspace.*`. There are: {', '.join(NAMES)}.",
    )
    workspace = UUIDFilter(field_name="workspace_id", help_text="A workspace's id.")
    org = CharFilter(method="in_organization", help_text="The organization's slug.")
    import_id = UUIDFilter(help_text="The id of an import.")
    actor = CharFilter(help_text="Who did it, exactly.")

    class Meta:
        model = StructureEvent
        fields = ("type", "workspace", "org", "import_id", "actor")

    def of_type(self, events: Events, _name: str, wanted: str) -> Events:
        return events.of_type(wanted)

    def in_organization(self, events: Events, _name: str, slug: str) -> Events:
        return events.filter(organization=asked_organization(self, slug, to=Right.VIEW_EVENTS).slug)


class EventFilter(KindFilter):
    """The filters by subject and by time: `since`, `until`."""

    since = CharFilter(method="from_then", help_text="ISO 8601, included; without a zone it is UTC.")
    until = CharFilter(method="before_then", help_text="ISO 8601, excluded; without a zone it is UTC.")

    class Meta:
        model = StructureEvent
        fields = ("type", "workspace", "org", "import_id", "actor", "since", "until")

    def from_then(self, events: Events, name: str, text: str) -> Events:
        return events.filter(created_at__gte=moment(name, text))

    def before_then(self, events: Events, name: str, text: str) -> Events:
        return events.filter(created_at__lt=moment(name, text))


class EventPages(Keyset):
    descends = True

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.asked, self.of_one = request.query_params, bool(getattr(view, "of_one", False))
        return super().paginate_queryset(queryset, request, view)

    def first_of(self, queryset: Any, number: int, *, falling: bool) -> Any:
        by_index = any(self.asked.get(name) for name in ("org", "import_id", "workspace"))
        return queryset.first_of(
            number,
            latest=falling,
            by_index=by_index or self.of_one or has_index(self.asked.get("type", "")),
            of_a_while=bool(self.asked.get("since") or self.asked.get("until")),
        )


@event_openapi.events(EventRow)
class EventsView(ListView):
    permission_classes = [OnEvents]
    serializer_class = EventRow
    filterset_class = EventFilter
    pagination_class = EventPages
    queryset = StructureEvent.objects.none()

    def get_queryset(self) -> Events:
        """All for a superuser; for a member of one organization its index has them in order."""
        reach = access.reach_of(self.caller.user)
        self.of_one = reach is not None and len(reach) == 1
        return StructureEvent.objects.within(reach)
