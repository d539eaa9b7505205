"""A command's output: coloured on terminals only, and without errors that would stop the work halfway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import OutputWrapper

from lib.terminal import discard_output

Style = Callable[[str], str]


class Output(OutputWrapper):
    """`lost` is the first error of writing, except a closed pipe (`| head`): that is no loss.

    `usual` is the default style; `forced` colours the output even if it is no terminal.
    """

    def __init__(self, out: Any, *, forced: bool = False, usual: Style = str) -> None:
        super().__init__(out)
        self.forced, self.usual = forced, usual
        self.lost: OSError | None = None

    def write(self, msg: str = "", style_func: Style | None = None, ending: str | None = None) -> None:  # type: ignore[override]
        style = (style_func or self.usual) if self.forced or self.isatty() else str
        try:
            super().write(msg, style, ending)
        except BrokenPipeError:
            discard_output(self._out)
        except OSError as error:
            self.lost = self.lost or error
            discard_output(self._out)
