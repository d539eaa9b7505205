"""Django's `changepassword`, with an event for the change."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from workspaces.management.command_base import OrgCommand, shell_actor, user_named
from workspaces.services.security.account_state import AccountScope, read_accounts
from workspaces.services.security.accounts import record_changes


class Command(OrgCommand, changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str:
        scope = AccountScope(users=frozenset({user_named(options["username"] or getpass.getuser()).pk}))
        before = read_accounts(scope)
        # Not inside `watched`: no transaction may be open while somebody types a password.
        output = str(super().handle(*args, **options))
        self.done = "The password is another one now."
        record_changes(before, read_accounts(scope), actor=shell_actor())
        return output
