"""The admin pages: tree, import → previews → apply, runs, cascade delete. Each asks a service and shows the answer."""

from workspaces.admin.accounts import organization_admin, people_admin, token_admin
from workspaces.admin.timeline import event_admin
from workspaces.admin.workspace import workspace_admin

__all__ = ["event_admin", "organization_admin", "people_admin", "token_admin", "workspace_admin"]
