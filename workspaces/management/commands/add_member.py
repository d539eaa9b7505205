"""`add_member SLUG USERNAME`"""

from typing import Any

from django.core.management.base import CommandParser

from workspaces.management.command_base import OrgCommand, organization_named, shell_actor, user_named
from workspaces.services.security.accounts import add_member


class Command(OrgCommand):
    help = "Make a user a member of an organization; what they may do there, their permissions say."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="of the organization")
        parser.add_argument("username", help="who becomes a member")

    def handle(self, *args: Any, slug: str, username: str, **options: Any) -> None:
        added = add_member(organization_named(slug), user_named(username), actor=shell_actor())
        self.stdout.write(f"{username} {'is now' if added else 'was already'} a member of {slug}.")
