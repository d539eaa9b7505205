"""The request for an import, read from any of its four forms: two of JSON, a multipart file, a YAML body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import QueryDict
from rest_framework.request import Request

from workspaces.api.error_answers import RequestInvalid
from workspaces.api.parsers import YamlText, body_object, body_of, check_query, fields, form_values
from workspaces.api.serializers import DirectoryField, ImportFields
from workspaces.core.planning.plan_values import Mode
from workspaces.core.reading.document import Document
from workspaces.errors import Problem
from workspaces.services.imports.importing import Confirmation
from workspaces.services.templates.directory_list import find_directory
from workspaces.services.templates.loader import LoadedTemplate, TemplateLoader, site_loader

FIELDS = ImportFields().fields.keys()
# Clients with typed optional fields send null for omitted ones. It is refused where it could apply by mistake, or
# elsewhere.
NULLABLE = ("mode", "fingerprint", "confirm_removals", "reason", "missing_files")
WHICH = "give exactly one of `template` and `dir`"

Load = Callable[[TemplateLoader], LoadedTemplate]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRequest:
    """A requested import. Only `load` reads the template itself, after the check of the caller's right."""

    org: str
    mode: Mode
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
        dry_run=given["dry_run"],
        reason=given["reason"],
        confirmation=Confirmation(fingerprint=given["fingerprint"], confirm_removals=given["confirm_removals"]),
        load=partial(load, site_loader(given["missing_files"])),
    )
