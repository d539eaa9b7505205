"""Who may do what: the one place that is asked, by the REST API, the admin, its pages and whatever else lets people in.

It takes two things: a permission of Django's, and membership in the organization. A superuser needs neither. Nobody
(None, an anonymous or a disabled user) has no right at all: a caller that knows no user is refused, never let through.

What somebody may not see does not exist for her. So whoever looks something up by what a caller wrote asks `require`
first (403), and then looks among the `visible` rows only (404).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from workspaces.models import Organization

    Asker = User | AnonymousUser | None

Rows = TypeVar("Rows", bound=QuerySet[Any])

Reach = frozenset[str] | None
"""The slugs of somebody's organizations; None for all of them, and what belongs to none."""


class Right(StrEnum):
    """What there is to be allowed, by the names of Django's permissions."""

    VIEW = "workspaces.view_workspace"
    ADD = "workspaces.add_workspace"
    CHANGE = "workspaces.change_workspace"
    IMPORT = "workspaces.import_org"
    CASCADE_DELETE = "workspaces.cascade_delete"
    VIEW_EVENTS = "audit.view_structureevent"


DESTRUCTIVE = frozenset({Right.IMPORT, Right.CASCADE_DELETE})


class Denied(PermissionDenied):
    """Somebody who is known lacks one of `rights`. The text is for her: it names the rights, never an organization."""

    def __init__(self, sentence: str, *, rights: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.rights = frozenset(rights)


def is_known(user: Asker) -> bool:
    """Whether this is somebody: signed in, and not disabled."""
    return user is not None and user.is_authenticated and user.is_active


def sees_all(user: Asker) -> bool:
    """Whether every organization is hers to see, and what belongs to none."""
    return user is not None and is_known(user) and user.is_superuser


def has_any(user: Asker, rights: Iterable[str]) -> bool:
    """Whether she has one of the rights, in whatever organizations are hers."""
    return user is not None and is_known(user) and any(user.has_perm(right) for right in rights)


def has(user: Asker, *rights: str) -> bool:
    """Whether she has all of the rights, in whatever organizations are hers. Asked for none: whether she is known."""
    return user is not None and is_known(user) and user.has_perms(rights)


def may(user: Asker, right: str, organization: Organization) -> bool:
    """Whether she may do that in that organization."""
    return has(user, right) and is_member(user, organization)


def is_member(user: Asker, organization: Organization) -> bool:
    """Whether the organization is hers to see."""
    return type(organization)._default_manager.visible_to(user).filter(pk=organization.pk).exists()


def require(user: Asker, *rights: str, because: str = "") -> User:
    """The user, who has all the rights. Raises Denied; `because` is a sentence that says what they are needed for."""
    if not has(user, *rights):
        raise Denied(f"{because} You need the permission {' and '.join(rights)}.".strip(), rights=rights)
    return user  # type: ignore[return-value]


def require_any(user: Asker, rights: Iterable[str]) -> None:
    """Raises Denied where she has none of the rights."""
    if not has_any(user, rights):
        raise Denied(f"You need the permission {' or '.join(rights)}.", rights=rights)


def visible(rows: Rows, user: Asker, *, members: str) -> Rows:
    """Those of the rows that are the user's to see; `members` leads from a row to the members of its organization."""
    if user is None or not is_known(user):
        return rows.none()
    return rows if sees_all(user) else rows.filter(**{members: user.pk})


def reaches(user_ids: Collection[int], *, right: str) -> dict[int, Reach]:
    """Id → where she may do it, of those who may at all: two queries, however many users are asked about."""
    able = dict(_able(right).filter(pk__one_of=sorted(user_ids)).values_list("pk", "is_superuser"))
    organizations: dict[int, set[str]] = {key: set() for key in able}
    members = get_user_model().organizations.through._default_manager.filter(user__one_of=sorted(able))
    for key, slug in members.values_list("user_id", "organization__slug"):
        organizations[key].add(slug)
    return {key: None if sees_all else frozenset(organizations[key]) for key, sees_all in able.items()}


def reach_of(user: Asker) -> Reach:
    """The slugs of the user's organizations; None where every organization is theirs to see."""
    if sees_all(user):
        return None
    if user is None or not is_known(user):
        return frozenset()
    return frozenset(user.organizations.values_list("slug", flat=True))  # type: ignore[union-attr]


def who_may(right: str, organization: Organization) -> list[str]:
    """Names of those who may do it there, members before superusers."""
    able = _able(right)
    members = set(able.filter(organizations=organization).values_list("username", flat=True))
    supers = set(able.filter(is_superuser=True).values_list("username", flat=True))
    return [*sorted(members), *sorted(supers - members)]


def _able(right: str) -> QuerySet[User]:
    """The users who have the right in whatever organizations are theirs, disabled ones never."""
    return get_user_model().objects.with_perm(right, backend="django.contrib.auth.backends.ModelBackend")
