"""The rows. Invariants are constraints here; what changes the rows lives in `services/`."""

from workspaces.models.container import Container, Installation
from workspaces.models.counter import Counter
from workspaces.models.history_row import HistoryFacts
from workspaces.models.run import ImportPreview, ImportRun, PreviewFiles, RunFiles, RunMemory, RunOperation, RunTemplate
from workspaces.models.status import Status
from workspaces.models.stray import Stray, UnknownEpoch
from workspaces.models.submission import Submission
from workspaces.models.token import ApiToken, WorkspaceToken
from workspaces.models.tree import FileSet, Membership, Organization, Schedule, Workspace

__all__ = [
    "ApiToken",
    "Container",
    "Counter",
    "FileSet",
    "HistoryFacts",
    "ImportPreview",
    "ImportRun",
    "Installation",
    "Membership",
    "Organization",
    "PreviewFiles",
    "RunFiles",
    "RunMemory",
    "RunOperation",
    "RunTemplate",
    "Schedule",
    "Status",
    "Stray",
    "Submission",
    "UnknownEpoch",
    "Workspace",
    "WorkspaceToken",
]
