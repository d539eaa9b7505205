"""The page behind `/admin/workspaces/workspace/`: the trees, with filters that are links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from workspaces import access
from workspaces.access import Right
from workspaces.admin.listview import BY_HAND, BY_IMPORT, EVERY, FAILING, LIVE, Filters, Listing
from workspaces.admin.pages import page_number, render_page
from workspaces.models import Status

AROUND = 5  # pages with a link on each side of this one


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One link of a filter: it leads to the same list with this one value changed."""

    label: str
    query: str
    on: bool
    count: int | None = None


def list_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The workspaces of the organizations the user may see."""
    user = access.require(request.user, Right.VIEW)
    number = page_number(request)
    listing = Listing(user=user, filters=Filters.of(request.GET), number=int(number) if number.isdecimal() else 1)
    if listing.filters.organization not in ("", *listing.organizations):
        raise Http404("There is no such organization.")
    return render_page(
        request,
        site,
        "workspaces.html",
        title="Workspaces",
        listing=listing,
        groups=listing.groups,
        choices=_choices(request.GET, listing),
        pages=[_choice(request.GET, "p", str(n), str(n), on=n == listing.page) for n in _numbers(listing)],
        cleared=_choice(request.GET, "q", "", "Clear", on=False),
        field=ACTION_CHECKBOX_NAME,
        may=_may(request),
    )


def _numbers(listing: Listing) -> list[int]:
    """The first page, the last one, and those around this one."""
    around = range(max(1, listing.page - AROUND), min(listing.pages, listing.page + AROUND) + 1)
    return sorted({1, *around, listing.pages})


def _may(request: HttpRequest) -> dict[str, bool]:
    permissions = {"add": Right.ADD, "cascade": Right.CASCADE_DELETE, "import": Right.IMPORT}
    return {name: access.has(request.user, permission) for name, permission in permissions.items()}


def _choices(query: QueryDict, listing: Listing) -> dict[str, list[Choice]]:
    filters = listing.filters
    organizations = {"": "All"} | {slug: each.name for slug, each in listing.organizations.items()}
    statuses = {LIVE: "Live", **{str(status): str(status.label) for status in Status}, EVERY: "All"}
    return {
        "Organization": [
            _choice(query, "org", slug, name, on=slug == filters.organization, count=listing.live_in(slug))
            for slug, name in organizations.items()
        ],
        "Name check": [
            _choice(query, "names", "", "All", on=not filters.twice),
            _choice(
                query, "names", "twice", "Name used twice in its organization", on=filters.twice, count=listing.twice
            ),
        ],
        "Created by": [
            _choice(query, "by", "", "All", on=not filters.by),
            _choice(query, "by", BY_IMPORT, "An import", on=filters.by == BY_IMPORT),
            _choice(query, "by", BY_HAND, "Hand", on=filters.by == BY_HAND),
        ],
        "Container": [
            _choice(query, "container", "", "All", on=not filters.failing),
            _choice(query, "container", FAILING, "With an error", on=filters.failing, count=listing.failing),
        ],
        "Status": [
            _choice(query, "status", status, label, on=status == filters.status, count=listing.with_status(status))
            for status, label in statuses.items()
        ],
    }


def _choice(query: QueryDict, name: str, value: str, label: str, *, on: bool, count: int | None = None) -> Choice:
    changed: Any = query.copy()
    changed[name] = value
    if name != "p":
        changed.pop("p", None)
    for key in [key for key, given in changed.items() if not given]:
        del changed[key]
    return Choice(label=label, query=changed.urlencode(), on=on, count=count)
