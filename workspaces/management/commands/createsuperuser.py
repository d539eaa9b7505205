"""Django's `createsuperuser`, whose new user becomes an event."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User
from django.db.models.signals import post_save

from workspaces.management.command_base import OrgCommand
from workspaces.management.command_lookups import shell_actor
from workspaces.services.security.accounts import record_made


class Command(OrgCommand, createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Which user was made only Django knows, and says it to nobody but this signal: the name may come by prompt."""
        made: list[int] = []

        def note(instance: User, created: bool, **_: Any) -> None:
            made.extend([instance.pk] if created else [])

        post_save.connect(note, sender=User)
        try:
            super().handle(*args, **options)
        finally:
            post_save.disconnect(note, sender=User)
            self.done = "The user was made." if made else ""
            record_made(actor=shell_actor(), users=made)
