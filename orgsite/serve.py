"""The site over HTTP: `python -m orgsite.serve`. It is uvicorn, with limits for clients that are slow on purpose."""

from __future__ import annotations

import argparse

import django
import uvicorn
from django.conf import settings

from lib.terminal import console_program
from orgsite import env
from orgsite.server.timeouts import PatientProtocol


def main() -> None:
    asked = _arguments().parse_args()
    env.choose_settings()
    with console_program("orgsite.serve"):
        _refuse_unfit_database()
        uvicorn.run(
            "orgsite.asgi:application",
            host=asked.host,
            port=asked.port,
            fd=asked.fd,
            workers=asked.workers,
            limit_concurrency=asked.limit_concurrency,
            access_log=not asked.no_access_log,
            http=PatientProtocol,
            proxy_headers=False,  # orgsite.server.trusted_proxies says whom to believe; uvicorn believes 127.0.0.1
            timeout_graceful_shutdown=settings.ORGSITE_SHUTDOWN_GRACE,
        )


def _refuse_unfit_database() -> None:
    django.setup()
    from django.db import connections  # only after the set-up

    from lib.database_fitness import refusal

    why = refusal()
    connections.close_all()  # this thread asks nothing more
    if why:
        raise SystemExit(why)


def _arguments() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="python -m orgsite.serve", description=__doc__)
    arguments.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    arguments.add_argument("--port", type=int, default=8000)
    arguments.add_argument("--fd", type=int, help="listen at this open socket instead")
    arguments.add_argument("--workers", type=int, help="this many processes")
    arguments.add_argument("--limit-concurrency", type=int, metavar="N", help="503 beyond this many connections")
    arguments.add_argument("--no-access-log", action="store_true", help="no line for each request")
    return arguments


if __name__ == "__main__":
    main()
