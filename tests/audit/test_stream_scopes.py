"""What a listener is to hear: the stream's filters say of one event what those of the list say of all."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.models import StructureEvent
from audit.stream.listener import Credential
from audit.stream.ring_buffer import CHUNK, Batch, joined
from audit.stream.sse import told
from audit.stream.subscription import Scope, Told
from lib.sessions import signed_in
from tests.audit.events import CREATED, ONLINE, REMOVED, STARTED, event, key, numbered, write
from workspaces.access import Reach
from workspaces.api.event_views import EventFilter
from workspaces.models import ApiToken, Membership, Organization
from workspaces.services.security.event_listeners import standing
from workspaces.services.security.tokens import issue_api_token

ALL = Scope(reach=None)


def one(event_type: str = ONLINE, **facts: str) -> Told:
    return told(numbered(event(event_type, **facts))[0])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wanted", ["workspace.online", "workspace.*", "workspace.", "workspace.re*", "*", "w*", "org.*"]
)
def test_a_type_means_the_same_as_in_the_list(wanted: str) -> None:
    write(event(ONLINE), event(REMOVED), event(CREATED), event(STARTED), event("workspace"))
    rows = StructureEvent.objects.order_by("id")
    listed = EventFilter({"type": wanted}, queryset=rows).qs
    heard = [row for row in rows if Scope(reach=None, event_type=wanted).admits(told(row))]
    assert heard == list(listed)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "scope",
    [
        ALL, Scope(reach=frozenset()), Scope(reach=frozenset({"acme"})), Scope(reach=None, organization="acme"),
        Scope(reach=frozenset({"acme", "b"}), organization="b"), Scope(reach=None, exact=(("actor", "bob"),)),
        Scope(reach=None, exact=(("workspace_id", key("PM")), ("import_id", key("run")))),
    ],
    ids=range(7),
)  # fmt: skip
def test_what_is_read_from_the_table_and_what_is_live_are_the_same(scope: Scope) -> None:
    write(event(ONLINE, of="PM", run="run"), event(ONLINE, of="PM"), event(ONLINE, organization="b", actor="bob"))
    rows = StructureEvent.objects.order_by("id")
    assert list(scope.narrowed(rows)) == [row for row in rows if scope.admits(told(row))]


def test_a_line_break_in_a_type_ends_no_line() -> None:
    assert one("a\nid: 7\r\rb").text.split(b"\n")[1] == b"event: a id: 7 b"


def test_listeners_of_one_scope_share_the_bytes() -> None:
    batch = Batch(after=0, upto=1, events=[one()])
    assert batch.chunks(Scope(reach=frozenset({"acme"})))[0] is batch.chunks(Scope(reach=frozenset({"acme"})))[0]
    assert batch.chunks(Scope(reach=frozenset())) == ()


def test_what_is_much_is_sent_in_pieces() -> None:
    pieces = joined([b"x" * 1_000] * 200)
    assert b"".join(pieces) == b"x" * 200_000
    assert max(map(len, pieces)) <= CHUNK
    assert joined([b"x" * 2 * CHUNK]) == (b"x" * 2 * CHUNK,)


@pytest.mark.parametrize(
    ("reach", "organization", "lost"),
    [(None, "a", False), (frozenset("a"), "a", False), (frozenset("b"), "a", True), (frozenset(), "", False)],
)
def test_a_scope_is_lost_with_the_organization_that_was_asked_for(reach: Reach, organization: str, lost: bool) -> None:
    assert Scope(reach=None, organization=organization).within(reach).is_lost is lost


# ---- who may still listen


@pytest.fixture
def came_in(make_user: Callable[[str, str, Organization], User], organization: Organization) -> list[Credential]:
    """Twenty users, each with a token and a session."""
    found = []
    for number in range(20):
        user, client = make_user(f"user{number}", "Auditor", organization), Client()
        issue_api_token(user)
        client.force_login(user)
        found.append(Credential(user_id=user.pk, token_id=ApiToken.objects.get(user=user).pk))
        found.append(Credential(user_id=user.pk, session_key=client.cookies["sessionid"].value))
    return found


def test_many_are_looked_at_with_as_few_questions_as_one(
    came_in: list[Credential], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for credentials in (came_in[:2], came_in):
        with django_assert_num_queries(5):
            assert standing(credentials) == dict.fromkeys(credentials, frozenset({"acme"}))


def test_somebody_elses_session_or_token_is_none(came_in: list[Credential], charlie: User) -> None:
    strange = [
        Credential(user_id=charlie.pk, session_key=came_in[1].session_key),
        Credential(user_id=charlie.pk, session_key=str(uuid4())),
        Credential(user_id=charlie.pk, token_id=10**9),
    ]
    assert standing(strange) == {}


def test_a_superuser_reaches_all(came_in: list[Credential]) -> None:
    User.objects.filter(pk=came_in[0].user_id).update(is_superuser=True)
    assert standing(came_in[:1]) == {came_in[0]: None}


def test_memberships_are_what_is_reached(came_in: list[Credential], elsewhere: Organization) -> None:
    Membership.objects.create(organization=elsewhere, user_id=came_in[0].user_id)
    Membership.objects.filter(user_id=came_in[2].user_id).delete()
    assert standing(came_in[:1] + came_in[2:3]) == {
        came_in[0]: frozenset({"acme", "elsewhere"}),
        came_in[2]: frozenset(),
    }


@pytest.mark.django_db
def test_a_session_without_a_login_is_nobodys() -> None:
    client = Client()
    client.get("/admin/login/")
    assert signed_in({client.session.session_key or "none", ""}) == {}
