"""The admin pages: tree, import → previews → apply, runs, cascade delete. Each asks a service and shows the answer."""

from workspaces.admin import organizations, people, tokens, workspaces

__all__ = ["organizations", "people", "tokens", "workspaces"]
