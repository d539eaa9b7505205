"""Permissions: the only place that decides about rights, for the REST API, the admin and every other edge.

A user needs a Django permission and membership in the organization; a superuser needs neither. None, an anonymous user
and a disabled user have no rights, so a caller without a user is always refused.

A row that a user may not see does not exist for them. So a look-up by a caller's text first asks for the right (403),
and then searches the `visible` rows only (404).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from workspaces.models import Organization

    AnyUser = User | AnonymousUser | None
    from django.contrib.auth.models import User


Rows = TypeVar("Rows", bound=QuerySet[Any])

Reach = frozenset[str] | None
"""The slugs of a user's organizations; None: all of them, and rows that belong to none."""


class Right(StrEnum):
    """The rights, by the names of Django's permissions."""

    VIEW = "workspaces.view_workspace"
    ADD = "workspaces.add_workspace"
    CHANGE = "workspaces.change_workspace"
    IMPORT = "workspaces.import_org"
    CASCADE_DELETE = "workspaces.cascade_delete"
    VIEW_EVENTS = "audit.view_structureevent"


DESTRUCTIVE = frozenset({Right.IMPORT, Right.CASCADE_DELETE})


class Denied(PermissionDenied):
    """The user lacks one of `rights`. The text is shown to them: it names the rights, never an organization."""

    def __init__(self, sentence: str, *, rights: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.rights = frozenset(rights)


def is_known(user: AnyUser) -> bool:
    """Whether the user is signed in and not disabled."""
    return user is not None and user.is_authenticated and user.is_active


def sees_all(user: AnyUser) -> bool:
    """Whether the user may see every organization, and rows that belong to none."""
    return user is not None and is_known(user) and user.is_superuser


def has_any(user: AnyUser, rights: Iterable[str]) -> bool:
    """Whether the user has one of the rights, in their organizations."""
    return user is not None and is_known(user) and any(user.has_perm(right) for right in rights)


def has(user: AnyUser, *rights: str) -> bool:
    """Whether the user has all of the rights, in their organizations. Without `rights`: whether they are known."""
    return user is not None and is_known(user) and user.has_perms(rights)


def may(user: AnyUser, right: str, organization: Organization) -> bool:
    """Whether the user has the right in that organization."""
    return has(user, right) and is_member(user, organization)


def is_member(user: AnyUser, organization: Organization) -> bool:
    """Whether the user may see the organization."""
    return type(organization)._default_manager.visible_to(user).filter(pk=organization.pk).exists()


def require(user: AnyUser, *rights: str, because: str = "") -> User:
    """The user, if they have all the rights. Raises Denied; `because` is a sentence that says what these are for."""
    if not has(user, *rights):
        raise Denied(f"{because} You need the permission {' and '.join(rights)}.".strip(), rights=rights)
    return user  # type: ignore[return-value]


def require_any(user: AnyUser, rights: Iterable[str]) -> None:
    """Raise Denied if the user has none of the rights."""
    if not has_any(user, rights):
        raise Denied(f"You need the permission {' or '.join(rights)}.", rights=rights)


def visible(rows: Rows, user: AnyUser, *, members: str, to: Right | None = None) -> Rows:
    """The rows that the user may see; `members` is the path of fields from a row to its organization's members.

    `to` is the right that is needed besides: Denied without it.
    """
    if to:
        require(user, to)
    if user is None or not is_known(user):
        return rows.none()
    return rows if sees_all(user) else rows.filter(**{members: user.pk})


def reaches(user_ids: Collection[int], *, right: str) -> dict[int, Reach]:
    """User id → the organizations in which they have the right, without users who lack it: two queries in all."""
    able = dict(_able(right).filter(pk__one_of=sorted(user_ids)).values_list("pk", "is_superuser"))
    organizations: dict[int, set[str]] = {key: set() for key in able}
    members = get_user_model().organizations.through._default_manager.filter(user__one_of=sorted(able))
    for key, slug in members.values_list("user_id", "organization__slug"):
        organizations[key].add(slug)
    return {key: None if sees_all else frozenset(organizations[key]) for key, sees_all in able.items()}


def reach_of(user: AnyUser) -> Reach:
    """The slugs of the user's organizations; None if they may see all."""
    if sees_all(user):
        return None
    if user is None or not is_known(user):
        return frozenset()
    return frozenset(user.organizations.values_list("slug", flat=True))  # type: ignore[union-attr]


def who_may(right: str, organization: Organization) -> list[str]:
    """The names of the users who have the right in the organization, members before superusers."""
    able = _able(right)
    members = set(able.filter(organizations=organization).values_list("username", flat=True))
    supers = set(able.filter(is_superuser=True).values_list("username", flat=True))
    return [*sorted(members), *sorted(supers - members)]


def _able(right: str) -> QuerySet[User]:
    """The users who have the right in their organizations, without disabled ones."""
    return get_user_model().objects.with_perm(right, backend="django.contrib.auth.backends.ModelBackend")


# ---- The actor of a change: always passed as an argument, never taken from a thread-local.


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """`name` goes into events and history; `user_id` is set if the actor is a user of this site."""

    name: str
    user_id: int | None = None

    @classmethod
    def of(cls, user: User) -> Actor:
        return cls(name=user.get_username(), user_id=user.pk)


SYSTEM = Actor(name="system")
