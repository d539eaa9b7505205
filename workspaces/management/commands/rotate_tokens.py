"""`rotate_tokens [--organization SLUG] [--all] [--by-hand]`: revoke containers' access tokens, recreate the
containers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from workspaces.management.command_base import OrgCommand, organization_named, shell_actor
from workspaces.models import Organization
from workspaces.services.containers.token_rotation import rotate_tokens


class Command(OrgCommand):
    help = (
        "Revoke the access tokens of containers that were made with an earlier ORGSITE_SECRET_KEY, at once, and make "
        "those containers anew; their volumes stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="Only of this organization.")
        parser.add_argument("--all", action="store_true", help="Also of containers made with the present key.")
        parser.add_argument("--by-hand", action="store_true", help="Also revoke the tokens that people handed out.")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, actor = options["organization"], shell_actor()
        chosen = [organization_named(slug)] if slug else Organization.objects.order_by("slug")
        for organization in chosen:
            self.done = "Organizations may be done already; the same command again does the others."
            done = rotate_tokens(organization, actor=actor, every=options["all"], by_hand=options["by_hand"])
            self.stdout.write(
                f"{organization.slug}: {done.revoked:,} tokens revoked, {done.renewed:,} containers are made anew."
            )
