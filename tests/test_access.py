"""One module says who may do what, and nobody is somebody."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User

from audit.models import StructureEvent
from tests.audit.events import REMOVED, event, write
from tests.test_house_rules import PACKAGES, sources
from workspaces import access
from workspaces.access import Denied, Right
from workspaces.errors import NotFound
from workspaces.models import Organization, Workspace
from workspaces.services import lookups

RIGHTS = list(Right)


@pytest.fixture(params=["None", "anonymous", "disabled", "disabled superuser"])
def nobody(request: Any, alice: User) -> Any:
    if request.param in ("None", "anonymous"):
        return None if request.param == "None" else AnonymousUser()
    alice.is_active, alice.is_superuser = False, request.param == "disabled superuser"
    alice.save()
    return User.objects.get(pk=alice.pk)


@pytest.mark.parametrize("right", RIGHTS)
def test_nobody_may_do_anything(nobody: Any, organization: Organization, right: Right) -> None:
    assert not access.may(nobody, right, organization)
    assert not access.has(nobody, right)
    assert not access.has_any(nobody, RIGHTS)
    with pytest.raises(Denied):
        access.require(nobody, right)
    with pytest.raises(Denied):
        access.require_any(nobody, RIGHTS)


def test_nobody_is_not_let_through_where_no_right_is_asked_for(nobody: Any, organization: Organization) -> None:
    assert not access.has(nobody)
    assert not access.is_member(nobody, organization)
    assert not access.sees_all(nobody)
    with pytest.raises(Denied):
        access.require(nobody)


def test_nobody_sees_a_row(nobody: Any, organization: Organization) -> None:
    write(event(REMOVED, of="PM"), event("security.login", organization=""))
    for rows in (Organization.objects, Workspace.objects):
        assert not rows.visible_to(nobody).exists()
    assert not StructureEvent.objects.within(access.reach_of(nobody)).exists()


def test_nobody_looks_anything_up(nobody: Any, organization: Organization) -> None:
    with pytest.raises(Denied):
        lookups.organization_for(nobody, organization.slug, to=Right.VIEW)
    with pytest.raises(Denied):
        lookups.workspace_for(nobody, "00000000-0000-0000-0000-000000000000", to=Right.VIEW)


@pytest.mark.parametrize("right", RIGHTS)
def test_it_takes_a_right_and_a_membership(
    alice: User, charlie: User, organization: Organization, right: Right
) -> None:
    assert access.may(alice, right, organization)
    assert access.has(charlie, right)
    assert not access.may(charlie, right, organization)
    alice.groups.clear()
    assert not access.may(User.objects.get(pk=alice.pk), right, organization)


def test_without_the_right_a_lookup_says_nothing_of_what_is_there(bob: User, organization: Organization) -> None:
    for slug in (organization.slug, "elsewhere", "nowhere"):
        with pytest.raises(Denied, match=r"You need the permission workspaces\.import_org"):
            lookups.organization_for(bob, slug, to=Right.IMPORT)
    with pytest.raises(NotFound, match="There is no such organization"):
        lookups.organization_for(bob, "elsewhere", to=Right.VIEW)


def test_what_belongs_to_no_organization_only_a_superuser_sees(alice: User, admin_user: User) -> None:
    write(event("security.login", organization=""))
    assert not StructureEvent.objects.within(access.reach_of(alice)).exists()
    assert StructureEvent.objects.within(access.reach_of(admin_user)).count() == 1


ASKING = r"\b(has_perms?|has_module_perms|with_perm|get_all_permissions|is_superuser|organization__members)\b"
# Each of these reads what is told of a user, or is a relation's definition; none decides anything.
MAY_NAME = {"workspaces/access.py", "workspaces/models/querysets.py", "workspaces/services/security/account_state.py"}


def test_nobody_else_decides_who_may_do_what() -> None:
    for name, text in sources(*PACKAGES):
        if name not in MAY_NAME:
            found = re.search(ASKING, text)
            assert not found, f"{name} uses {found and found[0]}: ask workspaces.access instead."


def test_no_check_is_off_when_no_user_is_passed() -> None:
    for name, text in sources(*PACKAGES):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                named = [*node.args.posonlyargs, *node.args.args]
                defaults = dict(zip(reversed(named), reversed(node.args.defaults), strict=False))
                defaults |= dict(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
                optional = [each.arg for each, value in defaults.items() if each.arg == "user" and value is not None]
                assert not optional, f"{name}: {node.name} can be called without a user; always pass one."
