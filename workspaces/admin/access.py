"""Who may open a page: staff with Django's permission. What she then sees, `visible_to` decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

if TYPE_CHECKING:
    from workspaces.models import Organization

VIEW = "workspaces.view_workspace"
ADD = "workspaces.add_workspace"
IMPORT = "workspaces.import_org"
CASCADE = "workspaces.cascade_delete"


def require(request: HttpRequest, *permissions: str) -> User:
    """The signed-in user, who has all the permissions. Raises PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not user.has_perms(permissions):
        raise PermissionDenied
    return user


def who_may(permission: str, organization: Organization) -> list[str]:
    """Names of those who may do it there, members before superusers."""
    able = User.objects.with_perm(permission, backend="django.contrib.auth.backends.ModelBackend")
    members = set(able.filter(organizations=organization).values_list("username", flat=True))
    supers = set(able.filter(is_superuser=True).values_list("username", flat=True))
    return [*sorted(members), *sorted(supers - members)]
