"""The admin with this site's own pages and the links to its sections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, NamedTuple, TypeVar

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.functional import SimpleLazyObject

from orgsite.login_redirect import home_if_refused
from workspaces import access
from workspaces.access import Right
from workspaces.web.error_responses import too_many_logins
from workspaces.web.security_signals import address_of

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SECTIONS = (
    (
        "Workspaces",
        Right.VIEW,
        ("workspaces_workspace_changelist", "cascade_delete", "kept_data", "workspaces_workspace_restore"),
    ),
    ("Import", Right.IMPORT, ("import",)),
    ("Runs", Right.VIEW, ("runs",)),
    ("Audit", Right.VIEW_EVENTS, ("timeline",)),
)


class Section(NamedTuple):
    """A link of the header; `current`: the requested page belongs to it."""

    label: str
    url: str
    current: bool


def _rate_limited(view: View) -> View:
    @wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        from workspaces.services.security.rate_limits import Effort, require_turn

        if request.method not in SAFE:
            require_turn(access.require(request.user), Effort.CHANGE)
        return view(request, *args, **kwargs)

    return limited  # type: ignore[return-value]  # the same type, but for the request


class OrgAdminSite(AdminSite):
    site_header = site_title = "Org workspaces"
    site_url = None
    enable_nav_sidebar = False  # trees need the width

    def get_urls(self) -> list[URLResolver | URLPattern]:
        from workspaces.admin.pages import PAGES  # the site is made before the models can be imported

        own = [path(route, self.admin_view(partial(view, site=self)), name=name) for route, view, name in PAGES]
        return [*own, *super().get_urls()]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log in; after too many failures no password is checked for a while."""
        from workspaces.services.security.security_events import login_wait

        name = request.POST.get("username", "")
        if request.method == "POST" and (seconds := login_wait(name, address=address_of(request))):
            return too_many_logins(seconds)
        return home_if_refused(request, super().login(request, extra_context))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return home_if_refused(request, super().logout(request, extra_context))

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Count every change by a page against the user's rate limit, except a logout."""
        return super().admin_view(view if view == self.logout else _rate_limited(view), cacheable)

    def password_change(  # type: ignore[override]  # the stubs promise a TemplateResponse, but it may redirect
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        from workspaces.admin.accounts.own_password import own_password_page

        return own_password_page(request, site=self)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from workspaces.admin.home.home_context import Home

        return super().index(request, {**(extra_context or {}), "home": Home(user=access.require(request.user))})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Made where it is shown: it takes four permissions of each model, and most pages show no list of models."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "sections": self._sections(request)}

    def _sections(self, request: HttpRequest) -> list[Section]:
        if not self.has_permission(request):
            return []
        return [
            self._section(label, pages, at=request.path)
            for label, permission, pages in SECTIONS
            if access.has(request.user, permission)
        ]

    def _section(self, label: str, pages: tuple[str, ...], *, at: str) -> Section:
        urls = [reverse(f"{self.name}:{page}") for page in pages]
        return Section(label, urls[0], at.startswith(tuple(urls)))
