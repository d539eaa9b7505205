"""Changes of users, groups, memberships and organizations, each recorded as an event with its differences.

The forms and commands are Django's own. So each runs inside `watched`, which compares the rows before and after: then
no way of writing escapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from audit.emitting import Event, emit, event_of
from audit.event_payloads import (
    AccountChanged,
    GroupChanged,
    MemberChanged,
    OrganizationChanged,
    OrganizationCreated,
    UserChanged,
)
from audit.event_types import (
    GROUP_CHANGED,
    MEMBER_ADDED,
    MEMBER_REMOVED,
    ORG_CHANGED,
    ORG_CREATED,
    USER_CHANGED,
)
from workspaces.access import Actor
from workspaces.core.changes import as_sentence, changes_of
from workspaces.errors import InvalidRequest
from workspaces.models import Membership, Organization
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
        *_users(before, after, actor=actor),
        *_groups(before, after, actor=actor),
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


def _users(before: AccountSnapshot, after: AccountSnapshot, *, actor: Actor) -> Iterator[Event]:
    for key, said in _accounts("user", before.users, after.users):
        facts: UserChanged = {**said, "user_id": key}
        yield event_of(USER_CHANGED, facts, organization="", actor=actor.name)


def _groups(before: AccountSnapshot, after: AccountSnapshot, *, actor: Actor) -> Iterator[Event]:
    sizes = {**before.sizes, **after.sizes}
    for key, said in _accounts("group", before.groups, after.groups):
        facts: GroupChanged = {**said, "group_id": key, "members_count": sizes.get(key, 0)}
        yield event_of(GROUP_CHANGED, facts, organization="", actor=actor.name)


def _accounts(
    kind: str, before: Mapping[int, State], after: Mapping[int, State]
) -> Iterator[tuple[int, AccountChanged]]:
    for key in sorted(before.keys() | after.keys()):
        changes = changes_of_account(before.get(key, {}), after.get(key, {}))
        if not changes:
            continue
        what = "made" if key not in before else "deleted" if key not in after else "changed"
        state = after.get(key) or before[key]
        name = state["username"] if kind == "user" else state["name"]
        why = f"{kind} {what}" + (f": {as_sentence(changes)}" if what == "changed" else "")
        yield key, {"name": name, "what": what, "changes": changes, "why": why}


def _organizations(before: AccountSnapshot, after: AccountSnapshot, *, actor: Actor) -> Iterator[Event]:
    for key, state in sorted(after.organizations.items()):
        if key not in before.organizations:
            made: OrganizationCreated = {"name": state["name"], "why": BY_HAND}
            yield event_of(ORG_CREATED, made, organization=state["slug"], actor=actor.name)
        elif changes := changes_of(before.organizations[key], state):
            facts: OrganizationChanged = {"name": state["name"], "why": as_sentence(changes), "changes": changes}
            yield event_of(ORG_CHANGED, facts, organization=state["slug"], actor=actor.name)


def _members(before: AccountSnapshot, after: AccountSnapshot, *, actor: Actor) -> Iterator[Event]:
    deleted = before.users.keys() - after.users.keys()
    for place in sorted(before.members.keys() ^ after.members.keys()):
        added = place in after.members
        slug, name = after.members[place] if added else before.members[place]
        why = USER_DELETED if place[1] in deleted else BY_HAND
        facts: MemberChanged = {"name": name, "user_id": place[1], "why": why}
        yield event_of(MEMBER_ADDED if added else MEMBER_REMOVED, facts, organization=slug, actor=actor.name)
