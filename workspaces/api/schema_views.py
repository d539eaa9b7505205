"""`GET /schema`: OpenAPI, with a page at `GET /docs`. `GET /schema/template.json`: the JSON Schema of org templates."""

from __future__ import annotations

import hashlib
import json

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.api import openapi
from workspaces.api.base_view import ApiView
from workspaces.core.validating.editor_schema import editor_schema


class SchemaView(ApiView, SpectacularAPIView):
    """JSON unless YAML is asked for."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]


class DocsView(ApiView, SpectacularSwaggerSplitView):
    """Swagger UI, served from here; `?script` starts it, because no page has an inline script."""

    query = {"GET": ("script",)}


class JsonSchemaRenderer(JSONRenderer):
    media_type = "application/schema+json"
    format = "schema+json"


@openapi.template_schema
class TemplateSchemaView(ApiView):
    """Constant until the next release, so it may be cached; `$id` is the address without a slash, in both forms."""

    renderer_classes = [JsonSchemaRenderer, JSONRenderer]

    def get(self, request: Request) -> HttpResponseBase:
        schema = editor_schema(address=request.build_absolute_uri(reverse("template-schema")))
        etag = f'"{hashlib.sha256(json.dumps(schema).encode()).hexdigest()[:32]}"'
        answer = Response(schema, headers={"Cache-Control": "private, max-age=3600", "ETag": etag})
        conditional: HttpResponseBase | None = get_conditional_response(request._request, etag=etag, response=answer)
        return conditional or answer
