"""`POST /org/import`, with its request in any of four forms (two of JSON, a multipart file, a YAML body), and the
templates that wait on the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.http import QueryDict
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import Actor, Right
from workspaces.api import openapi
from workspaces.api.answer_schemas import TemplateRow, answer
from workspaces.api.base_view import ApiView
from workspaces.api.callers import OnImport, OnTemplates, refuse_read_only, require_removal_right
from workspaces.api.error_answers import RequestInvalid
from workspaces.api.parsers import (
    JSONBody,
    OldYAMLBody,
    TextYAMLBody,
    YAMLBody,
    YamlText,
    body_object,
    body_of,
    check_query,
    fields,
    form_values,
)
from workspaces.api.serializers import OPTIONS, DirectoryField, ImportFields
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode
from workspaces.core.reading.document import Document
from workspaces.errors import Problem
from workspaces.models import Organization
from workspaces.services.imports.importing import (
    Applied,
    Confirmation,
    applied_answer,
    apply_import,
    preview_answer,
    preview_import,
)
from workspaces.services.lookups import organization_for
from workspaces.services.templates.directory_list import TemplateDirectory, find_directory, list_directories
from workspaces.services.templates.loader import LoadedTemplate, TemplateLoader, site_loader

FIELDS = ImportFields().fields.keys()
# Clients with typed optional fields send null for omitted ones. It is refused where it could apply by mistake, or
# elsewhere.
NULLABLE = ("mode", "fingerprint", "confirm_removals", "reason", "missing_files", *OPTIONS)
WHICH = "give exactly one of `template` and `dir`"

Load = Callable[[TemplateLoader], LoadedTemplate]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRequest:
    """A requested import. Only `load` reads the template itself, after the check of the caller's right."""

    org: str
    mode: Mode
    options: ImportOptions
    dry_run: bool
    reason: str
    confirmation: Confirmation
    load: Callable[[], LoadedTemplate]

    @property
    def removes(self) -> bool:
        """Whether it may remove workspaces."""
        return self.mode is Mode.RECONCILE and not self.dry_run


def read_import(request: Request) -> ImportRequest:
    """Raises RequestInvalid with every problem of the fields; each form allows its own fields only."""
    body = body_of(request)
    if isinstance(body, YamlText):
        return _asked(fields(form_values(request.query_params), ImportFields), _text(body.raw))
    check_query(request.query_params, allowed=())
    if isinstance(body, QueryDict):
        load = _uploaded(request)
        return _asked(fields(form_values(request.POST), ImportFields), load)
    return _from_json(body_object(request))


def _from_json(document: Document) -> ImportRequest:
    values: Any = document.data
    written = {key: value for key, value in values.items() if key not in ("template", "dir")}
    rest = {key: value for key, value in written.items() if value is not None or key not in NULLABLE}
    if ("template" in values) == ("dir" in values):
        raise RequestInvalid([Problem(message=WHICH, line=document.start.line)])
    load = _inline(document) if "template" in values else _directory(document, values["dir"])
    return _asked(fields(rest, ImportFields, line=lambda key: document.mark((key,)).line), load)


def _text(data: bytes) -> Load:
    return lambda loader: loader.text(data, format="yaml")


def _inline(document: Document) -> Load:
    return lambda loader: loader.document(document.child("template"))


def _directory(document: Document, name: object) -> Load:
    wanted = fields({"dir": name}, DirectoryField, line=lambda key: document.mark((key,)).line)
    return lambda loader: loader.directory(find_directory(wanted["dir"]))


def _uploaded(request: Request) -> Load:
    """The one file of the form, read on demand."""
    files = request.FILES
    if list(files) != ["file"] or len(files.getlist("file")) != 1:
        raise RequestInvalid([Problem(message="send exactly one file, in the form's field `file`", path="file")])
    file = files["file"]
    return lambda loader: loader.upload(file.name or "", file.read())


def _asked(given: Mapping[str, Any], load: Load) -> ImportRequest:
    return ImportRequest(
        org=given["org"],
        mode=given["mode"],
        options=given["options"],
        dry_run=given["dry_run"],
        reason=given["reason"],
        confirmation=Confirmation(fingerprint=given["fingerprint"], confirm_removals=given["confirm_removals"]),
        load=partial(load, site_loader(given["missing_files"])),
    )


@openapi.org_import
class ImportView(ApiView):
    permission_classes = [OnImport]
    parser_classes = [JSONBody, MultiPartParser, YAMLBody, OldYAMLBody, TextYAMLBody]
    destructive = ("POST",)
    query = {"POST": FIELDS}

    def post(self, request: Request) -> Response:
        asked, user = read_import(request), self.caller.user
        if not asked.dry_run:
            refuse_read_only(request, OnImport.needs["POST"])
        if asked.removes:
            require_removal_right(user)
        organization = organization_for(user, asked.org, to=Right.IMPORT)
        loaded = asked.load()
        if asked.dry_run:
            plan = preview_import(organization, loaded.template, mode=asked.mode, options=asked.options)
            return Response(preview_answer(plan))
        return Response(applied_answer(_applied(asked, organization, loaded, self.caller.actor)), status=201)


@openapi.org_templates
class TemplatesView(ApiView):
    permission_classes = [OnTemplates]

    def get(self, request: Request) -> Response:
        return Response([template_row(directory) for directory in list_directories(site_loader())])


def template_row(directory: TemplateDirectory) -> dict[str, Any]:
    """`error` only if the template does not load."""
    facts = {key: value for key, value in asdict(directory).items() if key != "error" or value}
    return answer(TemplateRow, **facts)


def _applied(asked: ImportRequest, organization: Organization, loaded: LoadedTemplate, actor: Actor) -> Applied:
    return apply_import(
        organization,
        loaded,
        mode=asked.mode,
        options=asked.options,
        actor=actor,
        reason=asked.reason,
        confirmation=asked.confirmation,
    )
