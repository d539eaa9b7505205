"""The admin's pages of the events: each by itself, and the timeline."""

from audit.admin import event_admin

__all__ = ["event_admin"]
