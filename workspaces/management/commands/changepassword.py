"""Django's `changepassword`; what it changes becomes an event."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from workspaces.management.command_base import OrgCommand
from workspaces.management.command_lookups import shell_actor, user_named
from workspaces.services.security.account_state import AccountScope, standing
from workspaces.services.security.accounts import record_changes


class Command(OrgCommand, changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str:
        """No transaction is open while somebody types."""
        asked = AccountScope(users=frozenset({user_named(options["username"] or getpass.getuser()).pk}))
        before = standing(asked)
        said = str(super().handle(*args, **options))
        self.done = "The password is another one now."
        record_changes(before, standing(asked), actor=shell_actor())
        return said
