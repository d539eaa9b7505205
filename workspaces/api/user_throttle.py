"""How often one user may change something over REST; `services.security.throttling` counts."""

from __future__ import annotations

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from workspaces import access
from workspaces.services.security.throttling import Effort, require_turn


class Turns(BaseThrottle):
    """Every method that changes something takes a turn of its user; `presence` limits agents."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Always true: raises TooOften, which names the limit."""
        if request.method not in SAFE_METHODS and access.is_known(request.user):
            removes = request.method in getattr(view, "destructive", ())
            require_turn(access.require(request.user), Effort.IMPORT if removes else Effort.CHANGE)
        return True
