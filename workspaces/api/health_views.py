"""`/healthz`: the process is up. `/readyz`: it can do its work. Strangers get states, never names or messages."""

from __future__ import annotations

from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.api import openapi
from workspaces.api.answer_schemas import HealthAnswer, ReadyAnswer, answer
from workspaces.api.base_view import ApiView
from workspaces.services.upkeep.readiness import backlog_numbers, readiness


@openapi.healthz
class HealthView(ApiView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response(answer(HealthAnswer, status="ok"))


@openapi.readyz
class ReadyView(ApiView):
    permission_classes = [AllowAny]

    def perform_authentication(self, request: Request) -> None:
        """Only after the database has answered."""

    def get(self, request: Request) -> Response:
        checks = readiness()
        ready = set(checks.values()) == {"ok"}
        known = checks["database"] == checks["migrations"] == "ok" and _is_known(request)
        numbers = backlog_numbers() if known else {}
        state = "ok" if ready else "unavailable"
        return Response(answer(ReadyAnswer, status=state, checks=checks, **numbers), status=200 if ready else 503)


def _is_known(request: Request) -> bool:
    try:
        return request.user.is_authenticated
    except APIException:
        return False
