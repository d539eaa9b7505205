"""After a day of use the database holds no token, no password and no key that anybody could use."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.controller.rounds import one_round
from workspaces.engines.fake import FakeEngine
from workspaces.models import ApiToken, Container, Organization, Workspace, WorkspaceToken
from workspaces.services.containers.provisioning import container_token
from workspaces.services.security.tokens import issue_api_token
from workspaces.worker.controller import Controller

PASSWORD, WRONG, NEW = "correct horse battery staple", "wrong horse battery staple", "new horse battery staple"
ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,}")  # what base64 may be, as sessions and caches are stored


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"
    settings.ORGSITE_RUNTIME_IMAGES = {"*": "agent:1"}
    settings.ORGSITE_DOCKER_LIMITS = {}
    cache.clear()


@pytest.fixture
def day(root: User, organization: Organization) -> dict[str, str]:
    """What is secret of a day: name → text."""
    secrets = {"password": PASSWORD, "wrong password": WRONG, "new password": NEW, "key": settings.SECRET_KEY}
    secrets |= _tokens(root)
    browser = Client()
    for password in (WRONG, PASSWORD):
        browser.post("/admin/login/", {"username": "root", "password": password})
    secrets["token of a page"] = _made(browser)
    secrets["token of an agent"] = _work(Client(headers=_bearer(secrets["token"])), browser)
    _round()
    for row in Container.objects.all():
        secrets[f"token of container {row.pk}"] = container_token(row.pk, row.generation)
    assert WorkspaceToken.objects.count() == 3  # an agent's, and those of the two containers that run
    changed = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert browser.post("/admin/password_change/", changed).status_code == 302
    secrets["session"] = browser.cookies["sessionid"].value
    return secrets


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


def _tokens(user: User) -> dict[str, str]:
    soon = timezone.now() + timedelta(days=1)
    made = {
        "token": issue_api_token(user, name="pipeline"),
        "read-only token": issue_api_token(user, read_only=True),
        "expired token": issue_api_token(user, expires_at=soon - timedelta(days=2)),
    }
    printed = StringIO()
    call_command("api_token", "root", "--name", "shell", stdout=printed)
    made["token of the shell"] = printed.getvalue().strip()
    call_command("api_token", "root", "--revoke", str(ApiToken.objects.latest("pk").pk), stdout=StringIO())
    for text in (*made.values(), "org_of_nobody"):
        Client().get("/workspaces", headers=_bearer(text))
    return made


def _made(browser: Client) -> str:
    sent = {"user": "root", "name": "laptop", "days": "30"}
    (text,) = re.findall(r"org_[\w-]{43}", browser.post("/admin/workspaces/apitoken/add/", sent).content.decode())
    return text


def _work(program: Client, browser: Client) -> str:
    """Imports of every kind, a token for an agent, its heartbeat, a delete; the agent's token."""
    template = {"name": "Dev", "workspaces": [{"name": "PM", "children": [{"name": "QA"}, {"name": "Dev Lead"}]}]}
    for more in ({"dry_run": True}, {}, {"mode": "reconcile"}):
        sent = {"template": template, "org": "acme", **more}
        assert program.post("/org/import", sent, "application/json").status_code in (200, 201)
    preview = browser.post("/admin/import/", {"org": "acme", "file": SimpleUploadedFile("a.yaml", b"name: Dev")})
    assert browser.post(preview["Location"], {"mode": "merge"}).status_code == 302
    keys = {row.name: row.pk for row in Workspace.objects.all()}
    token: str = program.post(f"/workspaces/{keys['PM']}/tokens").json()["token"]
    assert Client().post(f"/workspaces/{keys['PM']}/heartbeat", headers=_bearer(token)).status_code == 204
    assert program.delete(f"/workspaces/{keys['QA']}").status_code == 200
    return token


def _round() -> None:
    controller = Controller(FakeEngine(), grace=timedelta(0), concurrency=2)
    for _ in range(5):
        one_round(controller)


def _bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


# ---- the dump


def dump() -> str:
    """Every value of every table, and once more what is packed in it."""
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        assert {"workspaces_apitoken", "structure_events", "django_session", "django_admin_log"} <= set(tables)
        values = [value for table in tables for value in _values(cursor, table)]
    text = "\n".join(values)
    return "\n".join([text, *(_unpacked(each) for each in set(ENCODED.findall(text)))])


def _values(cursor: Any, table: str) -> Iterator[str]:
    cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
    for row in cursor.fetchall():
        for value in row:
            raw = isinstance(value, bytes | memoryview)
            yield bytes(value).decode("latin-1") if raw else str(value)


def _unpacked(text: str) -> str:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_" if {"-", "_"} & set(text) else None)
        return zlib.decompress(packed).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""
    except zlib.error:
        return packed.decode("latin-1")


def forms(secret: str) -> set[str]:
    """How a text might stand in a dump: as it is, in hexadecimal, in base64."""
    raw = secret.encode()
    return {secret, raw.hex(), base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode()}


@pytest.mark.django_db(transaction=True)
def test_a_dump_after_a_day_of_use_holds_no_secret(day: dict[str, str]) -> None:
    text = dump()
    assert len(day) > 10
    found = [name for name, secret in day.items() for form in forms(secret) if form in text]
    assert not found, f"the database holds: {found}"


@pytest.mark.django_db(transaction=True)
def test_the_dump_would_show_it(day: dict[str, str], organization: Organization) -> None:
    """Written as text, in a JSON column, or inside a session."""
    ways: dict[str, Callable[[str], Any]] = {
        "text": lambda secret: Organization.objects.filter(pk=organization.pk).update(name=secret),
        "json": lambda secret: Workspace.objects.update(spec={"a": [secret]}),
        "session": _in_session,
    }
    for name, write in ways.items():
        assert f"known {name}" not in dump()
        write(f"known {name}")
        assert f"known {name}" in dump(), name


def _in_session(secret: str) -> None:
    client = Client()
    session = client.session
    session["kept"] = secret * 20  # long enough to be compressed
    session.save()
