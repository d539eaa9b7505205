"""Standard streams that stop no work: what cannot be shown is escaped, and a reader that is gone is not missed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from django.core.exceptions import ImproperlyConfigured


@contextmanager
def plain_speech(name: str) -> Iterator[None]:
    """Around a whole program: its streams take any text, and a setting that makes no sense is a sentence."""
    prepare_streams()
    try:
        yield
    except ImproperlyConfigured as error:
        if "--traceback" in sys.argv:
            raise
        raise SystemExit(f"{name}: {error}") from None
    finally:
        finish(sys.stdout)


def prepare_streams() -> None:
    """Before anything is changed: a character that the terminal lacks is written as `\\u203a`, a closed stream is none.

    Without it a command could commit its work and then die of what it has to say about it.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def finish(stream: TextIO | None) -> OSError | None:
    """Write what is still buffered; the error where it could not be, None also where nobody reads any more."""
    try:
        if stream is not None:
            stream.flush()
    except BrokenPipeError:
        drop(stream)
    except OSError as error:
        drop(stream)
        return error
    return None


def drop(stream: object) -> None:
    """From here on what is written there goes nowhere: else Python tries once more at its end, and complains."""
    try:
        target = os.open(os.devnull, os.O_WRONLY)
        os.dup2(target, stream.fileno())  # type: ignore[attr-defined]
        os.close(target)
    except (OSError, AttributeError, io.UnsupportedOperation):
        return


def speaks_unicode(stream: object) -> bool:
    """Whether every character can be written there as it is."""
    encoding = str(getattr(stream, "encoding", None) or "utf-8").lower()
    return encoding.replace("-", "").replace("_", "").startswith("utf")


def is_terminal(*streams: object) -> bool:
    """Whether a person sits at each of them; a stream that is closed has nobody."""
    return all(getattr(stream, "isatty", lambda: False)() for stream in streams)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
