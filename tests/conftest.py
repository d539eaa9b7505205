"""Fixtures for all tests. Three users: alice operates the organization, bob is a member who may only view, charlie is
no member."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker

from audit import triggers
from lib import gc_tuning
from tests.databases import MODELS
from tests.emptying import Emptying
from workspaces.access import Actor
from workspaces.models import Membership, Organization

pytest_plugins = ["tests.budgets", "tests.dockerd", "tests.programs"]

DATABASE = {"db", "transactional_db", "django_db_setup"}  # what asks the database of the run has one of these


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests that a second database, and those that a larger budget, could tell more about."""
    if DATABASE.intersection(getattr(item, "fixturenames", ())) or _names_the_database(item):
        item.add_marker("database")
    if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        item.add_marker("fuzz")


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    """A test that asks for it by `getfixturevalue` has no mark, and would never run on PostgreSQL."""
    node = request.node
    if fixturedef.argname in DATABASE and isinstance(node, pytest.Item) and not any(node.iter_markers("database")):
        pytest.fail("This test asks the database, and nothing tells so when it is collected: mark it with `django_db`.")


def pytest_collection_finish() -> None:
    """What is loaded by now stays; the garbage collector would look through it again and again."""
    gc_tuning.freeze_loaded()


def _names_the_database(item: pytest.Item) -> bool:
    """Also where it is skipped on one of the two: it must not be left out on the other."""
    return any(item.iter_markers("django_db")) or any(item.iter_markers("skipif"))


@pytest.fixture(scope="session", autouse=True)
def _tests_that_commit_leave_nothing() -> Iterator[None]:
    """The append-only triggers rightly refuse that their table is emptied."""
    flush, emptying = TransactionTestCase._fixture_teardown, Emptying()

    def empty_without_triggers(self: TransactionTestCase) -> None:
        triggers.remove(connection)
        try:
            emptying.empty(flush=lambda: flush(self))
        finally:
            triggers.install(connection)

    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", empty_without_triggers)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _model_databases_go(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    yield
    with django_db_blocker.unblock():
        MODELS.close()


@pytest.fixture
def organization(db: None) -> Organization:
    return Organization.objects.create(slug="acme", name="Acme")


@pytest.fixture
def elsewhere(db: None) -> Organization:
    return Organization.objects.create(slug="elsewhere", name="Elsewhere")


@pytest.fixture
def make_user(db: None) -> Callable[[str, str, Organization], User]:
    def make(name: str, group: str, organization: Organization) -> User:
        user = User.objects.create_user(name, password=f"{name}-secret", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        Membership.objects.create(organization=organization, user=user)
        return user

    return make


@pytest.fixture
def alice(make_user: Callable[[str, str, Organization], User], organization: Organization) -> User:
    return make_user("alice", "Operator", organization)


@pytest.fixture
def bob(make_user: Callable[[str, str, Organization], User], organization: Organization) -> User:
    return make_user("bob", "Viewer", organization)


@pytest.fixture
def charlie(make_user: Callable[[str, str, Organization], User], elsewhere: Organization) -> User:
    return make_user("charlie", "Operator", elsewhere)


@pytest.fixture
def actor() -> Actor:
    return Actor(name="alice")
