"""The site's words for templates: `{% badge "held" %}`, `{{ 8|plural:"workspace" }}`."""

from __future__ import annotations

from django.template import Library

from lib.text import plural
from workspaces.admin.shared.badges import badge

register = Library()
register.simple_tag(badge)
register.filter("plural", plural)
