"""The words and signs of the pages: a state is always a sign and a word, never a colour alone."""

from __future__ import annotations

import re

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workspaces.core.plan_words import WORDS


def badge(action: str, word: object = "") -> SafeString:
    """The badge of a plan's action on a workspace; `word` replaces its word."""
    known = WORDS[action]
    return format_html(
        '<span class="ws-op {}"><i aria-hidden="true">{}</i>{}</span>',
        known.tone,
        known.sign,
        word or known.word.capitalize(),
    )


BADGES = {action: badge(action) for action in WORDS}
DONE = {action: badge(action, word.done.capitalize()) for action, word in WORDS.items()}
"""The badges of finished actions."""


def coded(text: str) -> SafeString:
    """Text between backticks as code, the rest as plain text."""
    parts = re.split(r"`([^`]*)`", text)
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if index % 2 else part,) for index, part in enumerate(parts))
    )
