"""Callers that start at the same moment, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connection

from workspaces.errors import OrgError


def at_once(*calls: Callable[[], Any]) -> None:
    """Run the calls in threads that start together. The product's own errors are expected; any other is raised here."""
    barrier = Barrier(len(calls))
    errors: list[BaseException] = []

    def run(call: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=60)
            call()
        except OrgError:
            pass
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    if errors:
        raise errors[0]
