"""Django's `changepassword`; what it changes becomes an event."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from workspaces.management.base import OrgCommand
from workspaces.management.lookups import shell_actor, user_named
from workspaces.services.people import record_changes
from workspaces.services.standing import Asked, standing


class Command(OrgCommand, changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str:
        """No transaction is open while somebody types."""
        asked = Asked(users=frozenset({user_named(options["username"] or getpass.getuser()).pk}))
        before = standing(asked)
        said = str(super().handle(*args, **options))
        self.done = "The password is another one now."
        record_changes(before, standing(asked), actor=shell_actor())
        return said
