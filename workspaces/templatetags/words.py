"""The site's words for templates: `{% badge "held" %}`, `{{ 8|plural:"workspace" }}`."""

from __future__ import annotations

from django.template import Library

from lib.text import plural
from workspaces.admin.shared.badges import badge
from workspaces.admin.shared.paths import path_html

register = Library()
register.simple_tag(badge)
register.filter("plural", plural)
register.filter("path", path_html)
