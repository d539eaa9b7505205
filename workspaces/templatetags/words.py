"""The site's words for templates: `{% badge "held" %}`, `{{ 8|plural:"workspace" }}`, `{{ until|deadline }}`."""

from __future__ import annotations

from django.template import Library

from lib.text import plural
from workspaces.admin.shared.badges import badge
from workspaces.admin.shared.data_words import day, deadline, size
from workspaces.admin.shared.paths import path_html

register = Library()
register.simple_tag(badge)
register.filter("plural", plural)
register.filter("path", path_html)
register.filter("deadline", deadline)
register.filter("day", day)
register.filter("size", size)
