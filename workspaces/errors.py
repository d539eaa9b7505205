"""One root error and its named leaves. Only the edges (API, admin, command line) catch and translate them.

No framework in here: `core/` raises these too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from workspaces.core.planning.plan_values import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One problem of a template, and its place.

    `path` is like `workspaces[2].children[0].tier`, "" for the whole document; `file` is relative to the template's
    root, "" for an inline template; `line` counts from 1, None if unknown.
    """

    message: str
    path: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = ":".join(part for part in (self.file, str(self.line) if self.line else "") if part)
        return " ".join(part for part in (place, self.path and f"{self.path}:", self.message) if part)


class OrgError(Exception):
    """An error that the caller can act on. Its `str()` is one sentence."""


class TemplateInvalid(OrgError):
    """The template has errors: `problems`, and `more` that are not listed. Nothing was changed."""

    def __init__(self, problems: list[Problem] | tuple[Problem, ...], *, more: int = 0) -> None:
        self.problems = tuple(problems)
        count = len(self.problems) + more
        listed = f", the first {len(self.problems)} of them listed" if more else ""
        super().__init__(f"The template has {count:,} error{'' if count == 1 else 's'}{listed}. Nothing was changed.")


class TemplateTooLarge(TemplateInvalid):
    """The template exceeds a limit (bytes, nodes or depth); reading stopped at it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__([problem])
        self.args = (f"The template is too large: {problem.message}. Nothing was changed.",)


class TemplateNotFound(OrgError):
    """There is no template directory of that name on the server."""


class UnsupportedTemplateFile(OrgError):
    """The file's type is none of .yaml, .yml, .json, .zip."""


class UnknownMode(OrgError):
    """The mode is none of "", merge, reconcile."""


class InvalidOptions(OrgError):
    """Options of an import that do not go together, or not with its mode: `faults` says why, by option."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(f"{'; '.join(f'{option}: {why}' for option, why in faults.items())}.")
        self.faults = faults


class InvalidRequest(OrgError):
    """A value of the request itself is wrong, not of the template. `field` names it; REST lists all `problems`."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field
        self.problems: tuple[Problem, ...] = (Problem(message=message, path=field),)


class BodyTooLarge(OrgError):
    """The body has more bytes than a template with its fields may have: `size`, or more."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The body has {size:,} bytes or more.")
        self.size = size


class NotFound(OrgError):
    """The object does not exist, or the caller may not see its organization: the same answer for both."""


class Refusal(OrgError):
    """A safety check refused an action that was not confirmed. Nothing was changed; this is no failure."""


class PlanChanged(Refusal):
    """The tree has changed since the confirmed plan was made; `plan` is the new plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("The tree or the template changed since this plan was made. Nothing was changed; look again.")
        self.plan = plan


class AppliedAlready(PlanChanged):
    """The same plan was applied before, by the run `applied_by`; `plan` is what the import would do now."""

    def __init__(self, plan: Plan, *, applied_by: UUID) -> None:
        super().__init__(plan)
        self.args = (f"This plan was applied already, by run {applied_by}. It was not applied a second time.",)
        self.applied_by = applied_by


class RemovalNotConfirmed(Refusal):
    """The removal guard refuses the plan until `confirm_removals` repeats the number of removals, and
    `confirm_data_loss` that of the workspaces that come back empty; None for a number that is not asked for."""

    def __init__(
        self, message: str, *, plan: Plan, confirm_removals: int | None = None, confirm_data_loss: int | None = None
    ) -> None:
        super().__init__(message)
        self.plan = plan
        self.confirm_removals, self.confirm_data_loss = confirm_removals, confirm_data_loss


class NothingToUndo(Refusal):
    """Nothing of a run can be taken back, or nothing is left to; `plan` says why, row by row."""

    def __init__(self, message: str, *, plan: Plan) -> None:
        super().__init__(message)
        self.plan = plan


class WorkspaceProtected(Refusal):
    """A direct cascade delete would include protected workspaces: `ids`."""

    def __init__(self, message: str, *, ids: tuple[UUID, ...]) -> None:
        super().__init__(message)
        self.ids = ids


class CascadeChanged(Refusal):
    """The cascade would remove other workspaces than were shown and confirmed."""


class NameTaken(OrgError):
    """A live sibling has the name already."""


class WorkspaceRemoved(OrgError):
    """The workspace is removed; nothing of it changes until it is restored."""


class SubmittedBefore(OrgError):
    """The form was sent before and carried out then; `address` is its result's page, `sentence` says what was done."""

    def __init__(self, *, address: str, sentence: str) -> None:
        super().__init__(sentence or "This form was sent before. It was carried out once.")
        self.address = address


class Interrupted(OrgError):
    """The run was closed as interrupted before it began to change anything; import again."""


class TooOften(OrgError):
    """The user exceeded a rate limit; `seconds` until they may try again."""

    def __init__(self, limit: str, *, left: timedelta) -> None:
        self.seconds = max(1, math.ceil(left.total_seconds()))
        super().__init__(f"{limit} Nothing was changed; try again in {self.seconds} s.")


class EngineError(OrgError):
    """The container engine did not carry out a request; it will be retried."""


class EngineAway(EngineError):
    """The container engine does not answer."""


class EngineRefused(EngineError):
    """The container engine refused the request; the message is its own."""


class InstallationRenamed(OrgError):
    """ORGSITE_INSTALLATION differs from the name that the containers of this site carry."""
