"""`create_org SLUG [--name NAME]`"""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from workspaces.management.base import OrgCommand
from workspaces.models import Organization


class Command(OrgCommand):
    help = "Create an organization."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", default="", help="what people call it; the slug when left out")

    def handle(self, *args: Any, slug: str, name: str, **options: Any) -> None:
        organization = Organization(slug=slug, name=name or slug)
        try:
            organization.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        organization.save()
        self.stdout.write(f"Created the organization {slug}.")
