"""Error → HTTP status: one table for pages and REST."""

from __future__ import annotations

from collections.abc import Mapping

from workspaces.errors import (
    BodyTooLarge,
    EngineError,
    InstallationRenamed,
    Interrupted,
    InvalidRequest,
    NameTaken,
    NotFound,
    OrgError,
    Refusal,
    SubmittedBefore,
    TemplateInvalid,
    TemplateNotFound,
    TemplateTooLarge,
    TooOften,
    UnknownMode,
    UnsupportedTemplateFile,
    WorkspaceRemoved,
)

STATUSES: Mapping[type[OrgError], int] = {
    BodyTooLarge: 413,
    EngineError: 503,
    InstallationRenamed: 503,
    Interrupted: 503,
    InvalidRequest: 400,
    NameTaken: 409,
    NotFound: 404,
    Refusal: 409,
    SubmittedBefore: 409,
    TemplateInvalid: 400,
    TemplateNotFound: 404,
    TemplateTooLarge: 413,
    TooOften: 429,
    UnknownMode: 400,
    UnsupportedTemplateFile: 400,
    WorkspaceRemoved: 409,
}


def status_of(error: OrgError | None) -> int:
    """The status of the most special class that has a row; 200 where nothing is wrong."""
    return 200 if error is None else next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
