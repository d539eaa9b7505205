"""Templates for tests, written as YAML."""

from __future__ import annotations

from textwrap import dedent

from workspaces.core.limits import TemplateLimits
from workspaces.services.templates.loader import LoadedTemplate, TemplateLoader


def document(text: str, *, name: str = "Dev team", header: str = "") -> LoadedTemplate:
    """The template with these `workspaces`, and with the lines of `header` at its top."""
    rows = dedent(text).strip("\n")
    whole = f"name: {name}\n{dedent(header)}\nworkspaces:\n{rows}" if rows else f"name: {name}\nworkspaces: []"
    return TemplateLoader(limits=TemplateLimits()).upload("dev.yaml", whole.encode())
