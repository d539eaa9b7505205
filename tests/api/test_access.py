"""Every address of the API: nobody comes in without credentials, and strangers find nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver, get_resolver

from tests.api.conftest import Caller
from workspaces.access import SYSTEM
from workspaces.models import Workspace
from workspaces.services.security.tokens import issue_workspace_token

OPEN = ("healthz", "readyz")
METHODS = ("GET", "POST", "PATCH", "DELETE")


def addresses() -> list[tuple[str, str]]:
    """(address, method) of everything the resolver knows outside the admin."""
    found = [(path, method) for path, methods in _api(get_resolver().url_patterns) for method in methods]
    assert len(found) > 20
    return sorted(found)


def _api(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver) and pattern.app_name != "admin":
            yield from _api(pattern.url_patterns, path)
        elif view := getattr(pattern.callback, "cls", None) if isinstance(pattern, URLPattern) else None:
            yield f"/{path}", [method for method in METHODS if hasattr(view, method.lower())]


@pytest.mark.parametrize(("path", "method"), [each for each in addresses() if each[0].strip("/") not in OPEN])
def test_nobody_comes_in_without_credentials(anybody: Caller, path: str, method: str) -> None:
    answer = anybody.client.generic(method, path.replace("<str:workspace_id>", str(uuid4())))
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")
    assert answer["WWW-Authenticate"]


@pytest.mark.parametrize(("path", "method"), [each for each in addresses() if "<str:workspace_id>" in each[0]])
def test_a_stranger_gets_the_same_answer_as_for_what_does_not_exist(
    as_charlie: Caller, named: Callable[[str], Workspace], path: str, method: str
) -> None:
    caller = as_charlie
    if path.rstrip("/").endswith(("heartbeat", "register")):  # here agents speak, not users
        as_charlie.post("/workspaces", {"name": "Own", "org": "elsewhere"})
        caller = Caller(issue_workspace_token(Workspace.objects.get(name="Own"), actor=SYSTEM))
    addresses = [path.replace("<str:workspace_id>", str(key)) for key in (named("PM").pk, uuid4())]
    answers = [caller.send(method, address, {"tier": 1} if method == "PATCH" else None) for address in addresses]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert named("PM").history.count() == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/org/import"), ("POST", "/workspaces"), ("PATCH", "/workspaces/{id}"), ("DELETE", "/workspaces/{id}"),
        ("POST", "/workspaces/{id}/tokens"), ("GET", "/events"), ("DELETE", "/workspaces/nothing"),
        ("POST", "/workspaces/{id}/restore"), ("POST", "/runs/{id}/undo"),
    ],
)  # fmt: skip
def test_a_viewer_may_look_and_change_nothing(
    as_bob: Caller, named: Callable[[str], Workspace], method: str, path: str
) -> None:
    answer = as_bob.send(method, path.format(id=named("PM").pk), {})
    assert answer.status_code == 403
    assert "You need the permission" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/workspaces", "/workspaces/{id}", "/org/templates", "/schema", "/docs"])
def test_a_viewer_sees_the_rest(as_bob: Caller, named: Callable[[str], Workspace], path: str) -> None:
    assert as_bob.get(path.format(id=named("PM").pk)).status_code == 200


def test_somebody_without_any_permission_sees_nothing(
    as_bob: Caller, bob: User, named: Callable[[str], Workspace]
) -> None:
    bob.groups.clear()
    paths = ["/workspaces", f"/workspaces/{named('PM').pk}", "/org/templates", "/events"]
    assert [as_bob.get(path).status_code for path in paths] == [403] * 4


def test_a_superuser_needs_no_membership(as_charlie: Caller, charlie: User, named: Callable[[str], Workspace]) -> None:
    User.objects.filter(pk=charlie.pk).update(is_superuser=True)
    assert as_charlie.get(f"/workspaces/{named('PM').pk}").status_code == 200
    assert as_charlie.delete(f"/workspaces/{named('QA Engineer').pk}").status_code == 200


@pytest.mark.parametrize("path", [path for path, method in addresses() if method == "GET" and "<" not in path])
def test_every_address_answers_a_superuser(as_alice: Caller, alice: User, path: str) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    streams = path.startswith("/events/stream")  # which Django's test client does not
    assert as_alice.get(path).status_code == (501 if streams else 200)
