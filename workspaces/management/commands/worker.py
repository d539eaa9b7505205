"""The background worker: converges containers, closes runs whose process is gone, forgets expired previews."""

import logging
import os
import signal
from datetime import timedelta
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.db import Error, connection

from lib import gc_tuning
from lib.database_errors import explained, trouble_of
from workspaces.engines.base import Engine
from workspaces.management.command_base import OrgCommand
from workspaces.services.containers.installation import installation
from workspaces.services.upkeep.housekeeping import keep_house_until
from workspaces.worker.controller import Controller
from workspaces.worker.engine_choice import engine

logger = logging.getLogger(__name__)

AGAIN = 5.0  # seconds until a database that is away is asked again


class Command(OrgCommand):
    help = "Run the background worker until SIGTERM or Ctrl-C. Any number of them may run."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        housekeeping = Thread(target=keep_house_until, args=(stopped,), name="housekeeping")
        housekeeping.start()
        gc_tuning.freeze_loaded()
        gc_tuning.watch_in_background()
        logger.info("worker started, engine %s", settings.ORGSITE_ENGINE)
        try:
            ended = _converge_until(stopped)
        finally:
            stopped.set()  # whatever went wrong, nothing of this process stays behind
            housekeeping.join()
        logger.info("worker stopped")
        if not ended:
            logger.warning("The engine has not answered to the end; the next worker goes on in seconds.")
            os._exit(0)  # a thread that waits for the engine would keep the process


def _converge_until(stopped: Event) -> bool:
    """False where a thread still waits for the engine."""
    if settings.ORGSITE_ENGINE == "none":
        return stopped.wait()
    containers = _engine(stopped)
    if containers is None:
        return True
    grace = timedelta(seconds=settings.ORGSITE_STOP_GRACE)
    return Controller(containers, grace=grace, concurrency=settings.ORGSITE_ENGINE_CONCURRENCY).run_until(stopped)


def _engine(stopped: Event) -> Engine | None:
    """Once the database answers; None where the worker is asked to end before."""
    while not stopped.is_set():
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
