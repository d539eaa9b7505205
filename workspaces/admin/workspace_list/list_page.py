"""The page behind `/admin/workspaces/workspace/`: the trees, with filters that are links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from lib.bounded_count import Tally
from lib.links import Address, Link
from workspaces import access
from workspaces.access import Right
from workspaces.admin.shared.rendering import page_number, render_page
from workspaces.admin.workspace_list.large_list import LargeListing
from workspaces.admin.workspace_list.list_filters import BY_HAND, BY_IMPORT, DIFFERING, EVERY, FAILING, LIVE, Filters
from workspaces.admin.workspace_list.list_header import Overview, counted_organizations
from workspaces.admin.workspace_list.small_list import Listing
from workspaces.models import Status
from workspaces.services.lookups import parse_id

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LARGEST_TREES = 5_000  # live workspaces that are read to show some of them
CASCADE, RESTORE = "cascade_delete", "restore"
ACTIONS = {
    CASCADE: (Right.CASCADE_DELETE, "Cascade delete selected workspaces…"),
    RESTORE: (Right.IMPORT, "Restore selected workspaces…"),
}
AROUND = 5  # pages with a link on each side of this one


def list_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The workspaces of the organizations the user may see."""
    user = access.require(request.user, Right.VIEW)
    listing = _listing(request, user)
    return render_page(
        request,
        site,
        "workspaces.html",
        title="Workspaces",
        listing=listing,
        groups=listing.groups,
        choices=_choices(request.GET, listing),
        pages=_pages(request.GET, listing),
        cleared=_choice(request.GET, "q", "", "Clear"),
        field=ACTION_CHECKBOX_NAME,
        may=_may(request),
        actions=_actions(user, listing.filters.status),
    )


def _listing(request: HttpRequest, user: User) -> Listing | LargeListing:
    """The whole trees if they are small; else only one page."""
    filters, number = Filters.of(request.GET), page_number(request)
    known = counted_organizations(user)
    if filters.organization not in ("", *known):
        raise Http404("There is no such organization.")
    live = Overview(user=user, filters=filters, organizations=known).with_status(LIVE)
    page, after = int(number) if number.isdecimal() else 1, parse_id(request.GET.get("after", ""))
    if live.more or live.number > LARGEST_TREES:
        return LargeListing(user=user, filters=filters, organizations=known, number=page, after=after)
    return Listing(user=user, filters=filters, organizations=known, number=page)


def _pages(query: QueryDict, listing: Listing | LargeListing) -> list[Link]:
    """Links to the first page, the last one, and those around this one; in large trees to the next one."""
    if isinstance(listing, LargeListing) and not listing.numbered:
        first = [_choice(query, "after", "", "First page")] if listing.after else []
        following = _choice(query, "after", str(listing.next), "Next page")
        removed = listing.with_status(Status.REMOVED) if listing.filters.status == EVERY else Tally()
        last = [_choice(query, "status", Status.REMOVED, f"{removed} removed")] if removed else []
        return [*first, following] if listing.next else first + last
    around = range(max(1, listing.page - AROUND), min(listing.pages, listing.page + AROUND) + 1)
    numbers = sorted({1, *around, listing.pages})
    found = [_choice(query, "p", str(number), str(number), on=number == listing.page) for number in numbers]
    return found if len(found) > 1 else []


def _may(request: HttpRequest) -> dict[str, bool]:
    permissions = {"add": Right.ADD, "import": Right.IMPORT}
    return {name: access.has(request.user, permission) for name, permission in permissions.items()}


def _actions(user: User, status: str) -> dict[str, str]:
    """The action for ticked rows, if the user may do it: removed ones come back, live ones go. Name → words."""
    name = RESTORE if status == Status.REMOVED else CASCADE
    right, words = ACTIONS[name]
    return {name: words} if access.has(user, right) else {}


def _choices(query: QueryDict, listing: Listing | LargeListing) -> dict[str, list[Link]]:
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
        "Template": [
            _choice(query, "differs", "", "All", on=not filters.differs),
            _choice(query, "differs", DIFFERING, "Differs from it", on=filters.differs, count=listing.differing),
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


def _choice(
    query: QueryDict, name: str, value: str, label: str, *, on: bool = False, count: Tally | None = None
) -> Link:
    """A link to the same list with one value changed, from its beginning on."""
    address = Address({key: query.get(key, "") for key in query if key not in ("p", "after")})
    return Link(label=label, url=address.but(**{name: value}), current=on, count=count)
