"""The background worker: converges containers, closes runs whose process is gone, forgets expired previews."""

import logging
import signal
from datetime import timedelta
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from workspaces.controller import Controller
from workspaces.engines.choosing import engine
from workspaces.services.housekeeping import keep_house_until
from workspaces.services.installation import installation

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the background worker until SIGTERM or Ctrl-C. Any number of them may run."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        housekeeping = Thread(target=keep_house_until, args=(stopped,), name="housekeeping")
        housekeeping.start()
        logger.info("worker started, engine %s", settings.ORGSITE_ENGINE)
        if containers := engine(installation().name):
            grace = timedelta(seconds=settings.ORGSITE_STOP_GRACE)
            Controller(containers, grace=grace, concurrency=settings.ORGSITE_ENGINE_CONCURRENCY).run_until(stopped)
        housekeeping.join()
        logger.info("worker stopped")
