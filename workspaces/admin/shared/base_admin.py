"""The base of every model's admin pages: `workspaces.access` decides about rights, and nothing is deleted."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.functional import cached_property

from workspaces import access
from workspaces.admin.shared.form_once import SentOnce

if TYPE_CHECKING:
    from django.contrib.auth.models import User


REACH = 2_000  # rows that a list pages through; its search and filters reach all


class AtLeast(int):
    """A lower bound of the number, to calculate with."""

    def __str__(self) -> str:
        return f"more than {int(self):,}"


class BoundedPaginator(Paginator):
    """Counts no further than REACH: counting a table that only grows takes longer every day."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        number = int(rows.order_by()[: REACH + 1].count())
        return number if number <= REACH else AtLeast(REACH)


class Guarded(SentOnce):
    """First the permission (403), then the rows that the user may see (404). Rows are never deleted here."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count whole tables
    list_max_show_all = 0
    paginator = BoundedPaginator

    @abstractmethod
    def rows_for(self, user: User) -> QuerySet[Any]:
        """The rows that the user may see."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.rows_for(access.require(request.user))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Raises Denied, or Http404: a hidden row does not exist, not even in messages."""
        access.require_any(request.user, self._rights("view", "change"))
        found = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404("There is no such row.")
        return found

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.has_any(request.user, self._rights("view", "change"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access.has_any(request.user, self._rights("add"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.has_any(request.user, self._rights("change"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access.has_any(request.user, self._rights("view", "add", "change"))

    def _rights(self, *actions: str) -> tuple[str, ...]:
        return tuple(f"{self.opts.app_label}.{get_permission_codename(action, self.opts)}" for action in actions)
