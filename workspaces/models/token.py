"""Access tokens, of workspaces and of users. Only their SHA-256 is stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from workspaces.models.tree import Workspace


class WorkspaceToken(models.Model):
    """An access token of a workspace's agent. Only its SHA-256 is stored."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64)
    of_container = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Made for the workspace's container; it ends when the next container gets another one.",
    )
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.UUIDField(null=True, editable=False, help_text="The run whose removal revoked it.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("digest",), name="workspace_token_once"),)

    def __str__(self) -> str:
        return f"token {self.pk} of {self.workspace_id}"


class ApiToken(models.Model):
    """A user's token for the REST API. Only its SHA-256 is stored; a read-only one passes no unsafe method."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=255, blank=True, default="")
    digest = models.CharField(max_length=64, unique=True)
    read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name or f"token {self.pk}"
