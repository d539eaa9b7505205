"""Snapshots of users, groups, memberships and organizations, to compare the powers of people before and after a change.

Danger: a snapshot has the hashes of passwords, to see that one changed. `changes_of_account` removes them; nothing else
may leave this module as text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Count, Q, QuerySet

from workspaces.core.changes import Change, changes_of
from workspaces.models import Membership, Organization

State = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountScope:
    """The primary keys of the rows to compare."""

    users: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    organizations: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSnapshot:
    """Key → fields. `members`: (organization, user) → (slug, username). `sizes`: group → number of users."""

    users: Mapping[int, State] = field(default_factory=dict)
    groups: Mapping[int, State] = field(default_factory=dict)
    organizations: Mapping[int, State] = field(default_factory=dict)
    members: Mapping[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    sizes: Mapping[int, int] = field(default_factory=dict)


NOTHING = AccountSnapshot()


def read_accounts(scope: AccountScope) -> AccountSnapshot:
    """The present state, by a fixed number of queries; inside a transaction the users and groups are locked."""
    organizations = Organization.objects.filter(pk__one_of=sorted(scope.organizations))
    return AccountSnapshot(
        users=_users(scope.users),
        groups=_groups(scope.groups),
        organizations={row.pk: {"slug": row.slug, "name": row.name} for row in organizations},
        members=_members(scope),
        sizes=_sizes(scope.groups),
    )


def changes_of_account(before: State, after: State) -> list[Change]:
    """Differences between two states of a user or a group, without secrets; {} is a missing row."""
    return [_without_secret(change) for change in changes_of(before, after) if change["from"] or change["to"]]


def _without_secret(change: Change) -> Change:
    if change["field"] != "password":
        return change
    return {"field": "password", "from": _is_set(change["from"]), "to": _is_set(change["to"])}


def _is_set(encoded: str | None) -> str | None:
    return "set" if encoded and is_password_usable(encoded) else None


def _users(keys: Collection[int]) -> dict[int, State]:
    if not keys:
        return {}
    groups = _names(User.groups.through.objects.filter(user__in=keys), "user_id", "group__name")
    permissions = _permissions(User.user_permissions.through.objects.filter(user__in=keys), "user_id")
    return {
        user.pk: {
            "username": user.username,
            "email": user.email,
            "active": user.is_active,
            "staff": user.is_staff,
            "superuser": user.is_superuser,
            "password": user.password,
            "groups": groups[user.pk],
            "permissions": permissions[user.pk],
        }
        for user in _locked(User.objects.filter(pk__one_of=sorted(keys)))
    }


def _groups(keys: Collection[int]) -> dict[int, State]:
    if not keys:
        return {}
    permissions = _permissions(Group.permissions.through.objects.filter(group__in=keys), "group_id")
    rows = _locked(Group.objects.filter(pk__one_of=sorted(keys)))
    return {row.pk: {"name": row.name, "permissions": permissions[row.pk]} for row in rows}


def _locked(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Lock the rows, so that of two concurrent changes each event has its own differences only."""
    return rows.order_by("pk").select_for_update() if connection.in_atomic_block else rows.order_by("pk")


def _sizes(keys: Collection[int]) -> dict[int, int]:
    """Group → number of its users."""
    through = User.groups.through.objects.filter(group__in=sorted(keys)).order_by()
    return dict(through.values_list("group_id").annotate(Count("id"))) if keys else {}


def _members(scope: AccountScope) -> dict[tuple[int, int], tuple[str, str]]:
    if not scope.users and not scope.organizations:
        return {}
    rows = Membership.objects.filter(
        Q(user__in=sorted(scope.users)) | Q(organization__in=sorted(scope.organizations))
    ).order_by("pk")
    columns = ("organization_id", "user_id", "organization__slug", "user__username")
    return {(organization, user): (slug, name) for organization, user, slug, name in rows.values_list(*columns)}


def _permissions(through: QuerySet[Any], owner: str) -> dict[int, list[str]]:
    """Permissions in the form of `access.Right`: `workspaces.import_org`."""
    found: dict[int, list[str]] = defaultdict(list)
    columns = (owner, "permission__content_type__app_label", "permission__codename")
    for key, app, codename in through.values_list(*columns).order_by(*columns):
        found[key].append(f"{app}.{codename}")
    return found


def _names(through: QuerySet[Any], owner: str, name: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for key, each in through.values_list(owner, name).order_by(owner, name):
        found[key].append(each)
    return found
