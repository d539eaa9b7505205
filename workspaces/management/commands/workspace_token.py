"""`workspace_token WORKSPACE_ID`: prints only the new token on standard output."""

from typing import Any

from django.core.management.base import CommandParser

from workspaces.management.command_base import OrgCommand, shell_actor, workspace_ids
from workspaces.models import Workspace
from workspaces.services.security.tokens import issue_workspace_token


class Command(OrgCommand):
    help = "Make an access token for a workspace's agent. It is shown once; only its hash is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace_id", help="of a live workspace")

    def handle(self, *args: Any, workspace_id: str, **options: Any) -> None:
        (key,) = workspace_ids([workspace_id])
        text = issue_workspace_token(Workspace.objects.get(pk=key), actor=shell_actor())
        self.done = "A token was made all the same; the admin's list of workspace tokens revokes it."
        self.stdout.write(text)
