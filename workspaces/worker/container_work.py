"""One step with one container: the call of the engine, and its result."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from lib.database_clock import uptime
from workspaces.core.containers.lifecycle import OUTCOMES, Outcome, Step
from workspaces.engines.base import Engine, FoundContainer, Wanted
from workspaces.errors import EngineError
from workspaces.services.containers.container_results import ContainerResult
from workspaces.services.containers.leases import Claim

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A claim and its next step. `found`: the engine's container; `wanted`: the one to start; `refused`: why it can't
    be started, or must not be removed."""

    claim: Claim
    step: Step
    found: FoundContainer | None = None
    wanted: Wanted | None = None
    refused: str = ""

    @property
    def asks(self) -> bool:
        """Whether it calls the engine, which may take long."""
        return self.step in (Step.ASK_TO_STOP, Step.REMOVE) or (self.step is Step.START and self.wanted is not None)

    def carry_out(self, engine: Engine, holds: Callable[[UUID], bool]) -> ContainerResult:
        """Do the step. Never raises: an error is the result. Nothing is changed unless the lease `holds`: another
        worker may be at that container by now."""
        try:
            if self.asks and not holds(self.claim.workspace_id):
                return self._result(Outcome.UNTRIED)
            return self._result(self._ask(engine), self._complaint)
        except EngineError as error:
            return self._result(Outcome.FAILED, str(error))
        except Exception as error:
            logger.exception("%s of %s", self.step.value, self.claim.workspace_id)
            return self._result(Outcome.FAILED, f"{type(error).__name__}: {error}")

    def _ask(self, engine: Engine) -> Outcome:
        key = self.claim.workspace_id
        match self.step:
            case Step.START if self.wanted:
                engine.start(self.wanted)
            case Step.START:  # it has no image, or was removed since it was claimed
                return Outcome.FAILED if self.refused else Outcome.UNTRIED
            case Step.ASK_TO_STOP:
                engine.request_stop(key, found=self.found)
            case Step.REMOVE:
                engine.remove(key, keep_volumes=self.claim.keep_volumes, found=self.found)
        return OUTCOMES[self.claim.desired][self.step]

    @property
    def _complaint(self) -> str:
        """The engine's words for why it does not run."""
        if self.step is Step.REPORT and not self.refused:
            return f"It does not stay up: {self.found.detail}" if self.found else "It is gone again after its start."
        return self.refused

    def _result(self, outcome: Outcome, error: str = "") -> ContainerResult:
        return ContainerResult(
            workspace_id=self.claim.workspace_id,
            desired=self.claim.desired,
            outcome=outcome,
            ended=uptime(),
            generation=self.wanted.generation if self.wanted else self.claim.generation,
            error=error,
        )
