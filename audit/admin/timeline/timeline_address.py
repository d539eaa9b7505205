"""Addresses of the timeline: every state of its filters is one, and every link changes a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

STATE = ("day", "at", "window", "org", "type", "import_id", "actor", "workspace", "below", "order")


class Address:
    """The state the page was asked for. Links keep it but for what they change; a page within it is never kept."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.state = {key: given[key].strip() for key in STATE if given.get(key, "").strip()}

    def but(self, **changes: str | int | None) -> str:
        """The same state with some parameters changed, None to drop one."""
        state = {**self.state, **changes}
        return "?" + urlencode({key: value for key, value in state.items() if value not in (None, "")}, safe=":*")

    def without(self, *names: str) -> str:
        return self.but(**dict.fromkeys(names))

    def at(self, moment: datetime) -> str:
        """The same filters at another minute."""
        local = timezone.localtime(moment)
        return self.but(day=f"{local:%Y-%m-%d}", at=f"{local:%H:%M}", order=None)


def admin_url(site: AdminSite, name: str, *args: object) -> str:
    """A page of the admin, "" where this site does not have it."""
    try:
        return reverse(f"{site.name}:{name}", args=args)
    except NoReverseMatch:
        return ""
