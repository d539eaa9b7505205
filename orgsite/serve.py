"""The site over HTTP: `python -m orgsite.serve`. It is uvicorn, with limits for clients that are slow on purpose."""

from __future__ import annotations

import argparse

import django
import uvicorn
from django.conf import settings

from lib.terminal import console_program
from orgsite import env
from orgsite.server.timeouts import LimitedProtocol


def main() -> None:
    arguments = _parser().parse_args()
    env.choose_settings()
    with console_program("orgsite.serve"):
        _refuse_unfit_database()
        uvicorn.run(
            "orgsite.asgi:application",
            host=arguments.host,
            port=arguments.port,
            fd=arguments.fd,
            workers=arguments.workers,
            limit_concurrency=arguments.limit_concurrency,
            access_log=not arguments.no_access_log,
            http=LimitedProtocol,
            proxy_headers=False,  # uvicorn would trust 127.0.0.1; orgsite.server.trusted_proxies decides instead
            timeout_graceful_shutdown=settings.ORGSITE_SHUTDOWN_GRACE,
        )


def _refuse_unfit_database() -> None:
    django.setup()
    from django.db import connections  # only after the set-up

    from lib.database_fitness import refusal

    why = refusal()
    connections.close_all()  # this thread makes no more queries
    if why:
        raise SystemExit(why)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orgsite.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fd", type=int, help="listen at this open socket instead")
    parser.add_argument("--workers", type=int, help="this many processes")
    parser.add_argument("--limit-concurrency", type=int, metavar="N", help="503 beyond this many connections")
    parser.add_argument("--no-access-log", action="store_true", help="no line for each request")
    return parser


if __name__ == "__main__":
    main()
