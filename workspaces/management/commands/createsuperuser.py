"""Django's `createsuperuser`, with an event for the new user."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User
from django.db.models.signals import post_save

from workspaces.management.command_base import OrgCommand, shell_actor
from workspaces.services.security.accounts import record_made


class Command(OrgCommand, createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        made: list[int] = []

        # A signal, because Django's command does not return the user, and its name may come from a prompt.
        def remember(instance: User, created: bool, **_: Any) -> None:
            made.extend([instance.pk] if created else [])

        post_save.connect(remember, sender=User)
        try:
            super().handle(*args, **options)
        finally:
            post_save.disconnect(remember, sender=User)
            self.done = "The user was made." if made else ""
            record_made(actor=shell_actor(), users=made)
