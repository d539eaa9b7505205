"""The shared parts of all pages: the site's context around its own, a template's faults, posted text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from workspaces.admin.shared.badges import coded
from workspaces.errors import OrgError, TemplateInvalid
from workspaces.web.error_statuses import status_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault of a template: `file:line`, the path in the document, and the message."""

    place: str
    path: str
    message: SafeString


def _faults(error: OrgError) -> list[Fault]:
    """The faults of the template, if the error has any."""
    problems = error.problems if isinstance(error, TemplateInvalid) else ()
    return [
        Fault(
            place=f"{each.file}:{each.line}"
            if each.file and each.line
            else each.file or (f"line {each.line}" if each.line else ""),
            path=each.path,
            message=coded(each.message),
        )
        for each in problems
    ]


def render_page(
    request: HttpRequest,
    site: AdminSite,
    template: str,
    *,
    title: str,
    status: int = 200,
    error: OrgError | None = None,
    **context: Any,
) -> TemplateResponse:
    """A page of the admin; `title` is plain text for the browser's tab. An `error` has its own status, and is shown."""
    request.current_app = site.name
    told = {"error": error, "faults": _faults(error)} if error else {}
    return TemplateResponse(
        request,
        f"workspaces/admin/{template}",
        {**site.each_context(request), "title": title, **told, **context},
        status=status_of(error) if error else status,
    )


def posted_text(request: HttpRequest, field: str) -> str:
    """The posted text without NUL characters, which no database column takes."""
    return request.POST.get(field, "").replace("\0", "").strip()


def page_number(request: HttpRequest) -> str:
    return request.GET.get("p", "1")


def is_part(request: HttpRequest) -> bool:
    """Whether an open page requests a part of itself."""
    return request.method == "GET" and bool(getattr(request, "htmx", False))
