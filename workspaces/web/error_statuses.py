"""Error → HTTP status: one table for pages and REST."""

from __future__ import annotations

from collections.abc import Mapping

from workspaces import errors
from workspaces.errors import OrgError

STATUSES: Mapping[type[OrgError], int] = {
    errors.BodyTooLarge: 413,
    errors.EngineError: 503,
    errors.InstallationRenamed: 503,
    errors.Interrupted: 503,
    errors.InvalidOptions: 400,
    errors.InvalidRequest: 400,
    errors.NameTaken: 409,
    errors.NotFound: 404,
    errors.Refusal: 409,
    errors.SubmittedBefore: 409,
    errors.TemplateInvalid: 400,
    errors.TemplateNotFound: 404,
    errors.TemplateTooLarge: 413,
    errors.TooOften: 429,
    errors.UnknownMode: 400,
    errors.UnsupportedTemplateFile: 400,
    errors.WorkspaceRemoved: 409,
}


def status_of(error: OrgError) -> int:
    """The status of the most special class that has a row."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
