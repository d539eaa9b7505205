"""A real nginx in front of the site, set up as docs/security.md says."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from audit.emitting import Event, emit
from tests.databases import Database
from tests.proxies.conftest import FAILED_LOGINS, HTTPS
from tests.proxies.nginx import free_port, inner, recipe, running_nginx
from tests.proxies.visitor import Visitor
from tests.sites import Site, running_site
from workspaces.services.security.tokens import issue_api_token

pytestmark = pytest.mark.once

FORGED = {
    "X_Forwarded_For": "198.51.100.9",
    "X_Real_IP": "198.51.100.9",
    "Forwarded": "for=198.51.100.9;proto=http",
    "X_Forwarded_Proto": "http",
    "X_Forwarded_Host": "evil.example",
    "X_Forwarded_Port": "1",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def secure(database: Database, usual: dict[str, Any], folder: Path) -> Iterator[Site]:
    with running_site(folder, database, **usual, **HTTPS) as site:
        yield site


@pytest.fixture(scope="module")
def doors(secure: Site, folder: Path) -> Iterator[dict[str, int]]:
    """The ports of nginx: alone, before a second one, and at [::1]."""
    ports = {"one": free_port(), "two": free_port(), "inner": free_port(), "six": free_port("[::1]")}
    servers = (
        recipe(secure.url, port=ports["one"], folder=folder, bind="127.0.0.2"),
        recipe(f"http://127.0.0.1:{ports['inner']}", port=ports["two"], folder=folder, bind="127.0.0.3"),
        inner(secure.url, port=ports["inner"], bind="127.0.0.2"),
        recipe(secure.url, port=ports["six"], folder=folder, bind="127.0.0.2", host="[::1]"),
    )
    zone, *_ = servers[0].split("\n", 1)
    servers = (servers[0], *(each.replace(zone, "") for each in servers[1:]))
    with running_nginx(folder, *servers, ports=list(ports.values())):
        yield ports


@pytest.fixture
def visitor(doors: dict[str, int]) -> Callable[..., Visitor]:
    def come(address: str, *, door: str = "one") -> Visitor:
        return Visitor(address, "::1" if door == "six" else "127.0.0.1", doors[door], tls=True)

    return come


@pytest.mark.parametrize("door", ["one", "two"])
@pytest.mark.parametrize("forged", [{}, FORGED], ids=["honest", "forged"])
def test_the_client_behind_nginx_is_the_one_who_came(
    visitor: Any, seen: Callable[[], str], door: str, forged: dict[str, str]
) -> None:
    address = f"127.0.1.{len(door + str(forged))}"
    assert visitor(address, door=door).sign_in("nobody", "wrong", **forged).status == 200
    assert seen() == address


def test_the_client_of_an_ipv6_door_is_told_by_its_address(visitor: Any, seen: Callable[[], str]) -> None:
    assert visitor("::1", door="six").sign_in("nobody", "wrong", **FORGED).status == 200
    assert seen() == "::1"


def test_one_who_is_locked_out_locks_nobody_else_out(visitor: Any) -> None:
    guesser, owner = visitor("127.0.2.1"), visitor("127.0.2.2")
    answers = [
        guesser.sign_in("root", "wrong", X_Forwarded_For=f"192.0.2.{n}").status for n in range(FAILED_LOGINS + 2)
    ]
    assert answers == [200] * FAILED_LOGINS + [429] * 2
    assert owner.sign_in("root", "root-secret").status == 302


def test_https_in_front_of_nginx_is_https_to_the_site(visitor: Any) -> None:
    owner = visitor("127.0.2.3")
    page = owner.sign_in("root", "root-secret")
    assert (page.status, page.headers["location"]) == (302, "/admin/")
    assert page.cookies
    assert all("Secure" in cookie for cookie in page.cookies)
    assert owner.ask("GET", "/admin/").status == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.2.4"])
def test_nobody_past_nginx_is_believed(secure: Site, address: str) -> None:
    stranger = Visitor(address, "127.0.0.1", int(secure.url.rpartition(":")[2]))
    page = stranger.ask("GET", "/admin/login/", X_Forwarded_Proto="https", X_Forwarded_For="198.51.100.9")
    assert (page.status, page.headers["location"]) == (301, "https://orgs.example/admin/login/")


def test_events_pass_nginx_as_they_happen(visitor: Any, database: Database) -> None:
    token = database.ask(lambda: issue_api_token(User.objects.get(username="root")))
    line = visitor("127.0.2.5").connection()
    line.request("GET", "/events/stream", headers={"Host": "orgs.example", "Authorization": f"Bearer {token}"})
    answer = line.getresponse()
    while not answer.readline().startswith(b"id: "):
        pass
    database.ask(emit, [Event(event_type="workspace.online", organization="acme", actor="x", payload={"name": "PM"})])
    while not (said := answer.readline()).startswith(b"event: "):
        assert said, "the stream ended"
    assert said == b"event: workspace.online\n"
    answer.close()
    line.close()


# ---- sites that listen elsewhere


def test_without_the_setting_the_client_is_the_peer(
    database: Database, usual: dict[str, Any], tmp_path: Path, seen: Callable[[], str]
) -> None:
    with running_site(tmp_path, database, **usual) as site:
        port = int(site.url.rpartition(":")[2])
        assert Visitor("127.0.0.1", "127.0.0.1", port).sign_in("nobody", "wrong", **FORGED).status == 200
        assert seen() == "127.0.0.1"


def test_only_the_trusted_part_of_a_chain_is_passed_over(
    database: Database, usual: dict[str, Any], tmp_path: Path, seen: Callable[[], str]
) -> None:
    """The first of two proxies is not named, so it is the client."""
    with running_site(tmp_path, database, **usual, ORGSITE_TRUSTED_PROXIES="127.0.0.2") as site:
        outer, second = free_port(), free_port()
        servers = (
            recipe(f"http://127.0.0.1:{second}", port=outer, folder=tmp_path, bind="127.0.0.3"),
            inner(site.url, port=second, bind="127.0.0.2"),
        )
        with running_nginx(tmp_path, *servers, ports=[outer, second]):
            Visitor("127.0.3.1", "127.0.0.1", outer, tls=True).sign_in("nobody", "wrong")
            assert seen() == "127.0.0.3"


@pytest.mark.parametrize("kind", ["::1", "::ffff:127.0.0.1", "unix"])
def test_a_site_may_listen_at_any_kind_of_socket(
    database: Database, usual: dict[str, Any], tmp_path: Path, seen: Callable[[], str], kind: str
) -> None:
    listen = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET6)
    if kind != "unix":
        listen.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, kind == "::1")
    listen.bind(str(tmp_path / "socket") if kind == "unix" else (kind, 0))
    listen.listen()
    trusted = {"::1": "::1", "unix": "unix"}.get(kind, "127.0.0.2")
    with listen, running_site(tmp_path, database, listen=listen, **usual, ORGSITE_TRUSTED_PROXIES=trusted) as site:
        port, mapped = free_port(), kind.startswith("::ffff")
        address = f"http://127.0.0.1:{listen.getsockname()[1]}" if mapped else site.url
        server = recipe(address, port=port, folder=tmp_path, bind="127.0.0.2" if mapped else "")
        with running_nginx(tmp_path, server, ports=[port]):
            page = Visitor("127.0.3.2", "127.0.0.1", port, tls=True).sign_in("nobody", "wrong", **FORGED)
            assert (page.status, seen()) == (200, "127.0.3.2")


def test_ipv4_clients_of_a_socket_for_both_versions_are_not_one(
    database: Database, usual: dict[str, Any], tmp_path: Path, seen: Callable[[], str]
) -> None:
    listen = socket.socket(socket.AF_INET6)
    listen.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, False)
    listen.bind(("::ffff:127.0.0.1", 0))
    listen.listen()
    with listen, running_site(tmp_path, database, listen=listen, **usual):
        guesser, other = (Visitor(each, "127.0.0.1", listen.getsockname()[1]) for each in ("127.0.4.1", "127.0.4.2"))
        for number in range(FAILED_LOGINS * 6):
            assert guesser.sign_in(f"user{number}", "wrong").status == 200
        assert seen() == "127.0.4.1"
        assert guesser.sign_in("another", "wrong").status == 429
        assert other.sign_in("another", "wrong").status == 200
