"""What every page shares: the site's context around its own, what is wrong in a template, what was posted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from workspaces.admin.shared.badges import coded
from workspaces.errors import OrgError, TemplateInvalid


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing wrong in a template: `file:line`, the path in the document, and what is wrong."""

    place: str
    path: str
    message: SafeString


def faults_of(error: OrgError | None) -> list[Fault]:
    """All that is wrong in the template, when that is what the error says."""
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
    request: HttpRequest, site: AdminSite, template: str, *, title: str, status: int = 200, **context: Any
) -> TemplateResponse:
    """A page of the admin; `title` is plain text for the browser's tab."""
    request.current_app = site.name
    return TemplateResponse(
        request,
        f"workspaces/admin/{template}",
        {**site.each_context(request), "title": title, **context},
        status=status,
    )


def posted_text(request: HttpRequest, field: str) -> str:
    """What was typed there, without NUL characters, which no database column takes."""
    return request.POST.get(field, "").replace("\0", "").strip()


def page_number(request: HttpRequest) -> str:
    return request.GET.get("p", "1")


def is_part(request: HttpRequest) -> bool:
    """Whether a page that is open already asks for a part of itself."""
    return request.method == "GET" and bool(getattr(request, "htmx", False))
