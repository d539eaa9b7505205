"""`api_token USERNAME`: prints the new token alone on standard output."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from workspaces.management.base import OrgCommand
from workspaces.management.lookups import user_named
from workspaces.services.tokens import issue_api_token


class Command(OrgCommand):
    help = "Make a token for the REST API. It is shown once; only its hash is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="what it is for")
        parser.add_argument("--days", type=int, help="it expires after so many days; never when left out")
        parser.add_argument("--read-only", action="store_true", help="it can look, not change")

    def handle(self, *args: Any, username: str, name: str, days: int | None, read_only: bool, **options: Any) -> None:
        if days is not None and days < 1:
            raise CommandError("A token lives for at least one day.")
        expires_at = timezone.now() + timedelta(days=days) if days is not None else None
        self.stdout.write(issue_api_token(user_named(username), name=name, expires_at=expires_at, read_only=read_only))
