"""How often one user may import and delete: `ORGSITE_THROTTLE`."""

from __future__ import annotations

from rest_framework.settings import api_settings
from rest_framework.throttling import UserRateThrottle


class DestructiveThrottle(UserRateThrottle):
    """Counts what can remove workspaces, per user. The counts live in Django's default cache."""

    scope = "destructive"

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES[self.scope]
        return None if rate is None else str(rate)
