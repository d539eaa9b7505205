"""Standard streams that never stop the work: unprintable characters are escaped, a closed pipe is ignored."""

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
def console_program(name: str) -> Iterator[None]:
    """Run a whole program inside it: the streams take any text, and an invalid setting ends it with one sentence."""
    prepare_streams()
    try:
        yield
    except ImproperlyConfigured as error:
        if "--traceback" in sys.argv:
            raise
        raise SystemExit(f"{name}: {error}") from None
    finally:
        flush(sys.stdout)


def prepare_streams() -> None:
    """Let a character that the terminal lacks be written as `\\u203a`, and give a closed stream /dev/null.

    Call it before anything is changed: else a command could commit its work and then fail to print its report.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _null_stream())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush(stream: TextIO | None) -> OSError | None:
    """Write what is still buffered. Returns the error if that failed, but None for a closed pipe."""
    try:
        if stream is not None:
            stream.flush()
    except BrokenPipeError:
        discard_output(stream)
    except OSError as error:
        discard_output(stream)
        return error
    return None


def discard_output(stream: object) -> None:
    """Discard all further output to the stream: else Python flushes it again at exit, and prints an error."""
    try:
        target = os.open(os.devnull, os.O_WRONLY)
        os.dup2(target, stream.fileno())  # type: ignore[attr-defined]
        os.close(target)
    except (OSError, AttributeError, io.UnsupportedOperation):
        return


def takes_unicode(stream: object) -> bool:
    """Whether the stream's encoding has every character."""
    encoding = str(getattr(stream, "encoding", None) or "utf-8").lower()
    return encoding.replace("-", "").replace("_", "").startswith("utf")


def is_terminal(*streams: object) -> bool:
    """Whether each of the streams is a terminal; a closed one is not."""
    return all(getattr(stream, "isatty", lambda: False)() for stream in streams)


def _null_stream() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
