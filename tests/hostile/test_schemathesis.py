"""The running site keeps to its own description: no error of its own, and no answer that is not described.

`make fuzz` tries every kind of value for every parameter as well.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from tests.budgets import FACTOR, is_large
from tests.hostile.inside import Inside, Open
from tests.hostile.wire import exchange, request

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
ONE = ("get_workspace", "change_workspace", "issue_workspace_token", "restore_workspace")
REMOVAL = ("delete_workspace", "restore_workspace")
RUN = ("get_run", "list_run_operations", "undo_run")
AGENTS = ("heartbeat", "register")

pytestmark = [pytest.mark.fuzz, pytest.mark.once]

Held = Callable[..., int]


@pytest.fixture(scope="module")
def open_site(inside: Inside) -> Open:
    return inside.open_to_all()


@pytest.fixture(scope="module")
def description(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the running site says of itself, as a file: strangers may not read it."""
    asked = request("GET", "/schema", headers=[("Authorization", f"Bearer {inside.token}")])
    file = tmp_path_factory.mktemp("description") / "schema.json"
    file.write_bytes(exchange(inside.site.url, asked).body)
    return file


@pytest.fixture
def held(inside: Inside, description: Path, tmp_path: Path) -> Held:
    """Hold the site to its description; return with how many requests it passed."""

    def run(*options: str, token: str = "", **ids: UUID) -> int:
        config = tmp_path / "schemathesis.toml"
        lines = [f'"path.{name}_id" = "{key}"' for name, key in ids.items()]
        config.write_text("\n".join(["[parameters]", *lines]) if ids else "")
        command = [
            str(Path(sys.executable).with_name("schemathesis")), f"--config-file={config}", "run", str(description),
            f"--url={inside.site.url}", f"--checks={CHECKS}", "--continue-on-failure",
            "--exclude-operation-id=stream_events",  # an answer without an end
            "--generation-database=none", "--warnings=off", "--no-color", *options,
        ]  # fmt: skip
        credentials = [f"--header=Authorization: Bearer {token}"] if token else []
        done = subprocess.run([*command, *credentials], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
        passed = re.search(r"([\d,]+) generated, \1 passed", done.stdout)
        assert passed, done.stdout[-2_000:]
        return int(passed[1].replace(",", ""))

    return run


def test_every_answer_to_a_user_is_described(held: Held, open_site: Open) -> None:
    assert held(*tried(3), token=open_site.token) > 40


def test_every_answer_about_a_workspace_that_exists_is_described(held: Held, open_site: Open) -> None:
    assert held(*tried(8), *only(*ONE), token=open_site.token, workspace=open_site.workspace) > 20


def test_every_answer_to_a_removal_is_described(held: Held, open_site: Open) -> None:
    assert held(*tried(6), *only(*REMOVAL), token=open_site.token, workspace=open_site.doomed) > 5


def test_every_answer_about_a_run_that_exists_is_described(held: Held, open_site: Open) -> None:
    assert held(*tried(8), *only(*RUN), token=open_site.token, run=open_site.run) > 10


def test_every_answer_to_an_agent_is_described(held: Held, open_site: Open) -> None:
    assert held(*tried(6), *only(*AGENTS), token=open_site.agent, workspace=open_site.workspace) > 5


def test_every_answer_to_a_stranger_is_described(held: Held) -> None:
    assert held(*tried(2)) > 20


def tried(examples: int) -> list[str]:
    """So many for each operation, and in `make fuzz` twenty times as many after a look at each parameter."""
    if is_large():
        return ["--phases=coverage,fuzzing", f"--max-examples={FACTOR * examples}"]
    return ["--phases=fuzzing", f"--max-examples={examples}"]


def only(*operations: str) -> list[str]:
    return [f"--include-operation-id={name}" for name in operations]
