"""`create_org SLUG [--name NAME]`"""

from typing import Any

from django.core.management.base import CommandParser

from workspaces.management.command_base import OrgCommand, shell_actor
from workspaces.services.security.accounts import create_organization


class Command(OrgCommand):
    help = "Create an organization."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="letters, digits, hyphens and underscores; stays as it is")
        parser.add_argument("--name", default="", help="what people call it; the slug when left out")

    def handle(self, *args: Any, slug: str, name: str, **options: Any) -> None:
        create_organization(slug, name=name, actor=shell_actor())
        self.stdout.write(f"Created the organization {slug}.")
