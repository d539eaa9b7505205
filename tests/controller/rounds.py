"""A worker's loops on an engine, run one after the other in this thread."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from workspaces.worker.controller import Controller

SELDOM = 1.0  # seconds: a loop that rests so long runs in the first round, and when it is woken

_begun: WeakKeyDictionary[Controller, bool] = WeakKeyDictionary()


def one_round(controller: Controller) -> None:
    """Every loop that is due, once. Raises what a loop raises, which is then due again."""
    begun, _begun[controller] = controller in _begun, True
    for loop in controller.loops:
        if not begun or loop.every < SELDOM or loop.wake.is_set():
            loop.wake.clear()
            try:
                loop.run_once()
            except Exception:
                loop.wake.set()
                raise


def busy(controller: Controller) -> bool:
    """Whether something is at work that has not been written down."""
    return controller.containers.busy or controller.strays.busy
