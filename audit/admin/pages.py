"""The addresses of the audit's pages that are no list or form of a model."""

from __future__ import annotations

from audit.admin.timeline.timeline_page import timeline

PAGES = (("timeline/", timeline, "timeline"),)
