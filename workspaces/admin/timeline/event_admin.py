"""The events one by one, to read only. The timeline is where they make sense; this is where a payload is seen whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.event_types import NAMES
from audit.models import LATEST, StructureEvent
from audit.payload import text
from workspaces import access
from workspaces.admin.shared.base_admin import Guarded
from workspaces.admin.timeline.wording import short
from workspaces.models import Organization

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class TypeFilter(admin.SimpleListFilter):
    title = "event type"
    parameter_name = "event_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in NAMES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StructureEvent]) -> QuerySet[StructureEvent]:
        return queryset.filter(event_type=self.value()) if self.value() else queryset


class OrganizationFilter(admin.SimpleListFilter):
    title = "organization"
    parameter_name = "organization"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Organization.objects.visible_to(request.user).values_list("slug", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[StructureEvent]) -> QuerySet[StructureEvent]:
        return queryset.filter(organization=self.value()) if self.value() else queryset


@admin.register(StructureEvent)
class StructureEventAdmin(Guarded):
    """Read-only: the table refuses changes, so no page offers any."""

    list_display = ("when", "event_type", "organization", "name", "actor", "run")
    list_filter = (TypeFilter, OrganizationFilter)
    fields = ("id", "when", "event_type", "organization", "workspace_id", "import_id", "actor", "payload_as_json")
    readonly_fields = fields
    sortable_by = ()
    actions = None
    list_per_page = 100
    change_form_template = "audit/event.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StructureEvent | None = None) -> bool:
        return False

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """Order by an organization's index if there is one, else by the primary key."""
        reach = access.reach_of(access.require(request.user))
        alone = reach is not None and len(reach) == 1
        return (LATEST,) if alone or request.GET.get("organization") else ("-id",)

    def rows_for(self, user: User) -> QuerySet[StructureEvent]:
        return StructureEvent.objects.within(access.reach_of(user))

    @admin.display(description="when")
    def when(self, event: StructureEvent) -> str:
        return f"{timezone.localtime(event.created_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="name")
    def name(self, event: StructureEvent) -> str:
        return text(event, "name")

    @admin.display(description="run")
    def run(self, event: StructureEvent) -> str:
        return short(event.import_id)

    @admin.display(description="payload")
    def payload_as_json(self, event: StructureEvent) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(event.payload, indent=2, ensure_ascii=False, sort_keys=True))
