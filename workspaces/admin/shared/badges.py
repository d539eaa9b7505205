"""The words and signs of the pages: a state is always a sign and a word, never a colour alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workspaces.core.planning.plan_values import Action

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, kw_only=True)
class Op:
    """What happens to a workspace, as the pages show it; `kind` is its class in the stylesheet."""

    kind: str
    sign: str
    word: str

    @property
    def html(self) -> SafeString:
        return format_html(
            '<span class="ws-op {}"><i aria-hidden="true">{}</i>{}</span>', self.kind, self.sign, self.word
        )


OPS = {
    Action.CREATE: Op(kind="create", sign="+", word="Create"),
    Action.KEEP: Op(kind="keep", sign="=", word="Keep"),
    Action.LEFT_RUNNING: Op(kind="left", sign="≠", word="Left running"),
    Action.REMOVE: Op(kind="remove", sign=MINUS, word="Remove"),
    Action.COLLATERAL: Op(kind="collateral", sign=TIMES, word="Collateral"),
    Action.HELD: Op(kind="held", sign="=", word="Kept"),
    Action.UNTOUCHED: Op(kind="none", sign="·", word="Untouched"),
}
CREATED = Op(kind="create", sign="+", word="Created")
CHANGED = Op(kind="keep", sign="~", word="Changed")
REMOVED = Op(kind="remove", sign=MINUS, word="Removed")


def coded(text: str) -> SafeString:
    """What stands between backticks as code, the rest as plain text."""
    parts = re.split(r"`([^`]*)`", text)
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if index % 2 else part,) for index, part in enumerate(parts))
    )
