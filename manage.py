#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orgsite.settings")
    try:
        from lib.command_line import run
    except ImportError as error:
        raise SystemExit("Django is not installed here. Run `make setup`, then use .venv/bin/python.") from error
    run(sys.argv)


if __name__ == "__main__":
    main()
