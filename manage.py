#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orgsite.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit("Django is not installed here. Run `make setup`, then use .venv/bin/python.") from error
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        from orgsite.database_errors import explained, trouble_of

        if trouble_of(error) is None:
            raise
        raise SystemExit(explained(error)) from None


if __name__ == "__main__":
    main()
