"""The browser in which pages are tested."""

import shutil

# The first has no windows at all: its tests take two thirds of the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")


def chromium() -> str | None:
    """The path of the best Chromium here; None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)
