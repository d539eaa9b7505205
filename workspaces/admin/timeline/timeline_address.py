"""Addresses of the timeline: every state of its filters is one, and every link changes a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.contrib.admin import AdminSite
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from lib.links import Address

STATE = ("day", "at", "window", "org", "type", "import_id", "actor", "workspace", "below", "order")


class TimelineAddress(Address):
    """The state of the requested page, without its position in the list."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__({name: given[name].strip() for name in STATE if name in given})

    def at(self, moment: datetime) -> str:
        """The same filters at another minute."""
        local = timezone.localtime(moment)
        return self.but(day=f"{local:%Y-%m-%d}", at=f"{local:%H:%M}", order=None)


def admin_url(site: AdminSite, name: str, *args: object) -> str:
    """A page of the admin, "" if this site does not have it."""
    try:
        return reverse(f"{site.name}:{name}", args=args)
    except NoReverseMatch:
        return ""
