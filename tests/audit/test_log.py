"""The stream's log for its listeners is bounded, whatever it is made of."""

from __future__ import annotations

import asyncio

import pytest

from audit.stream import ring_buffer
from audit.stream.ring_buffer import Batch, Log
from audit.stream.subscription import Told


def told(text: bytes) -> Told:
    return Told(
        id=1, event_type="workspace.online", organization="acme", workspace_id=None, import_id=None, actor="", text=text
    )


@pytest.mark.parametrize("events", [[], [told(b"")], [told(b"x" * 100)], [told(b"x" * 100_000)], [told(b"x")] * 50])
def test_old_batches_go_however_little_is_in_them(events: list[Told], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring_buffer, "KEPT", 1024 * 1024)
    kept = asyncio.run(filled(events))
    assert 0 < len(kept) <= 1024
    assert kept[-1] == 1_999


async def filled(events: list[Told]) -> list[int]:
    """Where those begin that are still there."""
    kept = Log()
    for number in range(2_000):
        kept.add(Batch(after=number, upto=number + 1, events=events))
    return [number for number in range(2_000) if kept.after(number)]
