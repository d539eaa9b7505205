"""Changes of users, groups, memberships and organizations, each recorded as an event with its differences.

The forms and commands are Django's own. So each runs inside `watched`, which compares the rows before and after: then
no way of writing escapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from audit.emitting import Event, emit
from workspaces.core.changes import as_sentence, changes_of
from workspaces.errors import InvalidRequest
from workspaces.models import Membership, Organization
from workspaces.services.actors import Actor
from workspaces.services.security.account_state import (
    NOTHING,
    AccountScope,
    AccountSnapshot,
    State,
    changes_of_account,
    read_accounts,
)

BY_HAND, USER_DELETED = "by hand", "the user was deleted"


@contextmanager
def watched(
    *,
    actor: Actor,
    users: Collection[int] = (),
    groups: Collection[int] = (),
    organizations: Collection[int] = (),
) -> Iterator[None]:
    """A transaction around changes of these rows; the differences are written as events of the actor."""
    scope = AccountScope(users=frozenset(users), groups=frozenset(groups), organizations=frozenset(organizations))
    with transaction.atomic():
        before = read_accounts(scope)
        yield
        record_changes(before, read_accounts(scope), actor=actor)


def record_made(
    *,
    actor: Actor,
    users: Collection[int] = (),
    groups: Collection[int] = (),
    organizations: Collection[int] = (),
) -> None:
    """Write the events of new rows."""
    made = AccountScope(users=frozenset(users), groups=frozenset(groups), organizations=frozenset(organizations))
    record_changes(NOTHING, read_accounts(made), actor=actor)


def record_changes(before: AccountSnapshot, after: AccountSnapshot, *, actor: Actor) -> None:
    """Write the events of the differences."""
    events = [
        *_accounts("user", before.users, after.users, actor=actor),
        *_accounts("group", before.groups, after.groups, actor=actor, sizes={**before.sizes, **after.sizes}),
        *_organizations(before, after, actor=actor),
        *_members(before, after, actor=actor),
    ]
    if events:
        emit(events)


def create_organization(slug: str, *, name: str = "", actor: Actor) -> Organization:
    """Make an organization; its name is the slug if none is given. Raises InvalidRequest."""
    organization = Organization(slug=slug, name=name or slug)
    with transaction.atomic():
        try:
            organization.full_clean()
        except ValidationError as error:
            raise InvalidRequest(" ".join(error.messages), field="slug") from error
        organization.save()
        record_made(actor=actor, organizations=[organization.pk])
    return organization


def add_member(organization: Organization, user: User, *, actor: Actor) -> bool:
    """Make the user a member; whether they were not one before."""
    with watched(actor=actor, users=[user.pk]):
        _, created = Membership.objects.get_or_create(organization=organization, user=user)
    return created


def make_superuser(username: str, *, email: str, password: str, actor: Actor) -> User:
    """Make a superuser."""
    with transaction.atomic():
        user = User.objects.create_superuser(username, email, password)
        record_made(actor=actor, users=[user.pk])
    return user


def set_password(user: User, password: str, *, actor: Actor) -> None:
    """Change the password of a user."""
    with watched(actor=actor, users=[user.pk]):
        user.set_password(password)
        user.save(update_fields=["password"])


def _accounts(
    kind: str, before: dict[int, State] | Any, after: Any, *, actor: Actor, sizes: Any = None
) -> Iterator[Event]:
    for key in sorted(before.keys() | after.keys()):
        changes = changes_of_account(before.get(key, {}), after.get(key, {}))
        if not changes:
            continue
        what = "made" if key not in before else "deleted" if key not in after else "changed"
        state = after.get(key) or before[key]
        name = state["username"] if kind == "user" else state["name"]
        facts: dict[str, Any] = {"name": name, f"{kind}_id": key, "what": what, "changes": changes}
        facts["why"] = f"{kind} {what}" + (f": {as_sentence(changes)}" if what == "changed" else "")
        if sizes is not None:
            facts["members_count"] = sizes.get(key, 0)
        yield Event(event_type=f"security.{kind}_changed", organization="", actor=actor.name, payload=facts)


def _organizations(before: AccountSnapshot, after: AccountSnapshot, *, actor: Actor) -> Iterator[Event]:
    for key, state in sorted(after.organizations.items()):
        facts: dict[str, Any] = {"name": state["name"], "why": BY_HAND}
        if key not in before.organizations:
            yield Event(event_type="org.created", organization=state["slug"], actor=actor.name, payload=facts)
        elif changes := changes_of(before.organizations[key], state):
            facts |= {"changes": changes, "why": as_sentence(changes)}
            yield Event(event_type="org.changed", organization=state["slug"], actor=actor.name, payload=facts)


def _members(before: AccountSnapshot, after: AccountSnapshot, *, actor: Actor) -> Iterator[Event]:
    deleted = before.users.keys() - after.users.keys()
    for place in sorted(before.members.keys() ^ after.members.keys()):
        added = place in after.members
        slug, name = after.members[place] if added else before.members[place]
        why = USER_DELETED if place[1] in deleted else BY_HAND
        facts = {"name": name, "user_id": place[1], "why": why}
        what = "org.member_added" if added else "org.member_removed"
        yield Event(event_type=what, organization=slug, actor=actor.name, payload=facts)
