"""`POST /org/import` and the templates that wait on the server."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import Right
from workspaces.api import openapi
from workspaces.api.answer_schemas import TemplateRow, answer
from workspaces.api.base_view import ApiView, caller
from workspaces.api.import_request import FIELDS, ImportRequest, read_import
from workspaces.api.parsers import JSONBody, OldYAMLBody, TextYAMLBody, YAMLBody
from workspaces.api.permissions import OnImport, OnTemplates, refuse_read_only, require_removal_right
from workspaces.models import Organization
from workspaces.services.actors import Actor
from workspaces.services.imports.import_answers import applied_answer, preview_answer
from workspaces.services.imports.importing import Applied, apply_import, preview_import
from workspaces.services.lookups import organization_for
from workspaces.services.templates.directory_list import TemplateDirectory, list_directories
from workspaces.services.templates.loader import LoadedTemplate, site_loader

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@openapi.org_import
class ImportView(ApiView):
    permission_classes = [OnImport]
    parser_classes = [JSONBody, MultiPartParser, YAMLBody, OldYAMLBody, TextYAMLBody]
    destructive = ("POST",)
    query = {"POST": FIELDS}

    def post(self, request: Request) -> Response:
        asked, user = read_import(request), caller(request)
        if not asked.dry_run:
            refuse_read_only(request, OnImport.needs["POST"])
        if asked.removes:
            require_removal_right(user)
        organization = organization_for(user, asked.org, to=Right.IMPORT)
        loaded = asked.load()
        if asked.dry_run:
            return Response(preview_answer(preview_import(organization, loaded.template, mode=asked.mode)))
        return Response(applied_answer(_applied(asked, organization, loaded, user)), status=201)


@openapi.org_templates
class TemplatesView(ApiView):
    permission_classes = [OnTemplates]

    def get(self, request: Request) -> Response:
        return Response([template_row(directory) for directory in list_directories(site_loader())])


def template_row(directory: TemplateDirectory) -> dict[str, Any]:
    """`error` only if the template does not load."""
    facts = {key: value for key, value in asdict(directory).items() if key != "error" or value}
    return answer(TemplateRow, **facts)


def _applied(asked: ImportRequest, organization: Organization, loaded: LoadedTemplate, user: User) -> Applied:
    return apply_import(
        organization,
        loaded,
        mode=asked.mode,
        actor=Actor.of(user),
        reason=asked.reason,
        confirmation=asked.confirmation,
    )
