"""The admin pages: tree, import → previews → apply, runs, cascade delete. Each asks a service and shows the answer."""

from workspaces.admin import accounts, organizations, tokens, workspaces

__all__ = ["accounts", "organizations", "tokens", "workspaces"]
