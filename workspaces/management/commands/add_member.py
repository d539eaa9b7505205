"""`add_member SLUG USERNAME`"""

from typing import Any

from django.core.management.base import CommandParser

from workspaces.management.base import OrgCommand
from workspaces.management.lookups import organization_named, user_named
from workspaces.models import Membership


class Command(OrgCommand):
    help = "Make a user a member of an organization; what she may do there, her permissions say."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("username")

    def handle(self, *args: Any, slug: str, username: str, **options: Any) -> None:
        organization, user = organization_named(slug), user_named(username)
        _, created = Membership.objects.get_or_create(organization=organization, user=user)
        self.stdout.write(f"{username} {'is now' if created else 'was already'} a member of {slug}.")
