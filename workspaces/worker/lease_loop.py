"""The leases of one worker: renewed from the claim until they are given back or written down.

A lease that could not be renewed in time may be another worker's: before it changes something on the engine, a worker
checks with `holds` that the lease is still its own.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import timedelta
from threading import Lock
from uuid import UUID

from lib.database_clock import uptime
from workspaces.core.containers.lifecycle import Desired
from workspaces.services.containers import leases
from workspaces.services.containers.leases import Claim
from workspaces.worker.loop import Loop

logger = logging.getLogger(__name__)

EVERY = 5.0  # seconds
SURE = 0.9  # of a lease: the database's clock and this machine's may run apart by a little


class Leases:
    """The leases that `worker` has. Any thread may call it; only `holds` makes no query."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._until: dict[UUID, float] = {}  # seconds of uptime until which each is held for certain
        self._lock = Lock()
        self.loop = Loop(name="leases", every=EVERY, run_once=self.renew, ends_last=True)

    def claim(self, *, desired: Desired, limit: int) -> list[Claim]:
        """New ones. One still at work here whose lease had run out is held again, and is not new."""
        asked = uptime()
        claims = leases.claim_due(self.worker, desired=desired, limit=limit)
        with self._lock:
            new = [claim for claim in claims if claim.workspace_id not in self._until]
            self._hold([claim.workspace_id for claim in claims], since=asked)
        return new

    def holds(self, workspace_id: UUID) -> bool:
        """Whether no other worker can have that container now."""
        with self._lock:
            return uptime() < self._until.get(workspace_id, float("-inf"))

    def give_back(self, ids: Collection[UUID]) -> None:
        """Give back what was not begun, for the next worker. Those already given back or put off stay so."""
        with self._lock:
            held = [each for each in ids if each in self._until]
        if held:
            self.forget(held)
            leases.give_back(self.worker, held)

    def put_off(self, ids: Collection[UUID], *, by: timedelta) -> None:
        """Give back what was not begun, for a later retry."""
        if ids:
            self.forget(ids)
            leases.put_off(self.worker, ids, by=by)

    def forget(self, ids: Collection[UUID]) -> None:
        """Drop them here: writing down their outcome has given them back."""
        with self._lock:
            for each in ids:
                self._until.pop(each, None)

    def renew(self) -> None:
        asked = uptime()
        with self._lock:
            ids = list(self._until)
        if not ids:
            return
        held = leases.renew(self.worker, ids)
        with self._lock:
            self._hold([each for each in held if each in self._until], since=asked)
            over = sum(uptime() >= self._until.get(each, float("inf")) for each in ids)
        if over:
            logger.warning("%d leases could not be renewed in time; another worker may have them", over)

    def _hold(self, ids: Collection[UUID], *, since: float) -> None:
        """Hold them from before the query: the database's lease ends later."""
        until = since + SURE * leases.LEASE.total_seconds()
        self._until |= dict.fromkeys(ids, until)
