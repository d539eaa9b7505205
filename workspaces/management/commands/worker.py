"""The background worker: closes runs whose process is gone, forgets expired previews."""

import logging
import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand

from workspaces.services.housekeeping import keep_house_until

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the background worker until SIGTERM or Ctrl-C. Any number of them may run."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        logger.info("worker started")
        keep_house_until(stopped)
        logger.info("worker stopped")
