"""Django's templates, without the reference cycles that only the garbage collector would free.

The parts of a context refer to the context: a cycle that keeps everything a page was made from.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates, Template
from django.template.context import make_context


class Templates(DjangoTemplates):
    def get_template(self, template_name: str) -> Template:
        return _Template(super().get_template(template_name).template, self)

    def from_string(self, template_code: str) -> Template:
        return _Template(super().from_string(template_code).template, self)


class _Template(Template):
    def render(self, context: Any = None, request: HttpRequest | None = None) -> Any:
        made = make_context(context, request, autoescape=self.backend.engine.autoescape)
        try:
            return self.template.render(made)
        finally:
            made.dicts.clear()
