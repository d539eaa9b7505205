"""The background worker: its loops converge containers, close runs whose process is gone, forget expired previews."""

import logging
import os
import signal
from datetime import timedelta
from threading import Event
from typing import Any

from django.conf import settings
from django.db import Error, connection

from lib import gc_tuning
from lib.database_errors import explained, trouble_of
from workspaces.engines.base import Engine
from workspaces.management.command_base import OrgCommand
from workspaces.services.containers.installation import installation
from workspaces.worker.controller import Controller
from workspaces.worker.engine_choice import engine
from workspaces.worker.housekeeping_loop import housekeeping_loop
from workspaces.worker.loop import Loop, run_until

logger = logging.getLogger(__name__)

AGAIN = 5.0  # seconds until the next try while the database is away


class Command(OrgCommand):
    help = "Run the background worker until SIGTERM or Ctrl-C. Any number of them may run."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        gc_tuning.freeze_loaded()
        gc_tuning.watch_in_background()
        logger.info("worker started, engine %s", settings.ORGSITE_ENGINE)
        containers = _engine(stopped)
        connection.close()  # each loop has its own
        ended = run_until(stopped, _loops(containers))
        logger.info("worker stopped")
        if not ended:
            logger.warning("The next worker goes on in seconds with what has not ended.")
            os._exit(0)  # a thread that waits for the engine would keep the process


def _loops(containers: Engine | None) -> list[Loop]:
    """All loops of a worker; without an engine, those that need none."""
    return [
        *(_controller(containers).loops if containers else ()),
        housekeeping_loop(),
    ]


def _controller(containers: Engine) -> Controller:
    grace = timedelta(seconds=settings.ORGSITE_STOP_GRACE)
    return Controller(containers, grace=grace, concurrency=settings.ORGSITE_ENGINE_CONCURRENCY)


def _engine(stopped: Event) -> Engine | None:
    """The engine, once the database answers; None if there is none, or if the worker has to end before."""
    while settings.ORGSITE_ENGINE != "none" and not stopped.is_set():
        try:
            return engine(installation().name)
        except Error as error:
            trouble = trouble_of(error)
            if trouble is None or not trouble.passes:
                raise
            logger.warning("the worker waits for the database: %s", explained(error))
            connection.close()
            stopped.wait(AGAIN)
    return None
