"""The rows. Invariants are constraints here; what changes the rows lives in `services/`."""

from workspaces.models.containers import Container, Installation
from workspaces.models.counting import Counter
from workspaces.models.history import HistoryFacts
from workspaces.models.imports import ImportPreview, ImportRun, PreviewFiles
from workspaces.models.strays import Stray, UnknownEpoch
from workspaces.models.submissions import Submission
from workspaces.models.tokens import ApiToken, WorkspaceToken
from workspaces.models.tree import FileSet, Membership, Organization, Schedule, Status, Workspace

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
    "Schedule",
    "Status",
    "Stray",
    "Submission",
    "UnknownEpoch",
    "Workspace",
    "WorkspaceToken",
]
