"""How often one user may import and delete: `ORGSITE_THROTTLE`."""

from __future__ import annotations

from datetime import timedelta

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from workspaces.services.counting import take_turn


class DestructiveThrottle(UserRateThrottle):
    """Counts what can remove workspaces, per user. The counts are rows, so that all processes share them."""

    scope = "destructive"
    num_requests: int | None
    duration: int | None  # seconds
    left: timedelta | None = None

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES[self.scope]
        return None if rate is None else str(rate)

    def allow_request(self, request: Request, view: APIView) -> bool:
        if self.num_requests is None or self.duration is None:
            return True
        key = str(self.get_cache_key(request, view))
        self.left = take_turn(key, limit=self.num_requests, window=timedelta(seconds=self.duration))
        return self.left is None

    def wait(self) -> float | None:
        """Seconds until there is a turn again."""
        return self.left.total_seconds() if self.left else None
