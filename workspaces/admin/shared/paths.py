"""Names and paths as HTML: foreign text, each name isolated, long ones cut with the whole in the title."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workspaces.core.names import SEPARATOR

LONGEST = 32  # characters of a name within a path


def name_html(name: str) -> SafeString:
    return format_html("<bdi>{}</bdi>", name)


def path_html(trail: Sequence[str]) -> SafeString:
    """The names from the root, in this order whatever direction their letters have."""
    names = format_html_join(SEPARATOR, "{}", ((_segment(name),) for name in trail))
    return format_html('<span class="ws-path">{}</span>', names)


def _segment(name: str) -> SafeString:
    if len(name) > LONGEST:
        return format_html('<bdi title="{}">{}</bdi>', name, name)
    return name_html(name)
