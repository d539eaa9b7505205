"""Deletion of expired sessions: Django itself leaves their rows in the table for ever."""

from __future__ import annotations

from django.contrib.sessions.models import Session

from lib.database_clock import database_now
from workspaces.services.expiry import forget


def forget_expired_sessions() -> int:
    """Delete expired sessions; return how many."""
    return forget(Session.objects.filter(expire_date__lte=database_now()).order_by("expire_date"))
