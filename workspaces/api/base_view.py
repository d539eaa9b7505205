"""The base of all endpoints."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, cast

from django.http import HttpRequest
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from workspaces.api.callers import Authenticated, Caller, Turns
from workspaces.api.pagination import Keyset
from workspaces.api.parsers import JSONBody, measure, read_query, refuse_blank, refuse_unreadable


class ApiView(APIView):
    """One endpoint. `query` names the parameters each method takes; any other is refused."""

    permission_classes = [Authenticated]
    parser_classes = [JSONBody]
    throttle_classes = [Turns]
    metadata_class = None
    http_method_names = ["get", "head", "post", "patch", "delete"]
    query: ClassVar[Mapping[str, Collection[str]]] = {}
    shapes: ClassVar[Mapping[str, type[Serializer[Any]]]] = {}
    """Methods whose query has fields with types: `asked` has the values."""
    asked: Mapping[str, Any]
    caller: Caller
    """The user who asks; the permission classes have refused all others."""
    destructive: ClassVar[Collection[str]] = ()
    """Methods that can remove workspaces, or read as much: `services.security.throttling` counts them apart."""

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        measure(request)
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        refuse_unreadable(request)
        super().initial(request, *args, **kwargs)
        shape = self.shapes.get(str(request.method))
        self.asked = read_query(request, allowed=self.query_names(request), shape=shape)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Release view and request once the answer is rendered."""
        final: Any = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(final, Response):
            final.add_post_render_callback(_forget_rendered)
        else:  # an error's, already rendered
            _forget(request, self)
        return cast("Response", final)

    def query_names(self, request: Request) -> Collection[str]:
        return self.query.get("GET" if request.method == "HEAD" else str(request.method), ())


class ListView(ApiView, GenericAPIView):
    """A filtered list, page by page."""

    filterset_class: ClassVar[Any]
    pagination_class = Keyset

    def get(self, request: Request) -> Response:
        refuse_blank(request.query_params)
        rows = self.filter_queryset(self.get_queryset())
        page = self.paginate_queryset(rows) or []
        shape = self.get_serializer()  # without rows: a serializer is a cycle, and would keep them until a collection
        return self.get_paginated_response([shape.to_representation(row) for row in page])

    def query_names(self, request: Request) -> Collection[str]:
        if request.method not in ("GET", "HEAD"):
            return super().query_names(request)
        return (*self.filterset_class.base_filters, *Keyset.parameters)


def _forget_rendered(response: Any) -> None:
    context, response.renderer_context = response.renderer_context, {}
    _forget(context["request"], context["view"])


def _forget(request: Request, view: APIView) -> None:
    """Break their cycle, which would keep body and answer until a garbage collection."""
    for each in (request, view):
        vars(each).clear()
