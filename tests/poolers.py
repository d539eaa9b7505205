"""A PgBouncer in front of this run's PostgreSQL, with the settings of docs/database.md, on a free loopback port."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.processes import ROOT

PATIENCE = 120.0  # seconds that it gets to answer, and to end
SIZE = 3  # connections to the server
RECIPE = re.compile(r"```ini\n(.*?)```", re.DOTALL)


@contextmanager
def pooler(program: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """The address, as DATABASE_URL, at which it answers for the database of these Django settings."""
    folder = Path(tempfile.mkdtemp(prefix="orgsite-pooler-"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    server = " ".join(f"{name}='{settings[key]}'" for name, key in given.items() if settings[key])
    _write(folder, server=server, port=port)
    process = subprocess.Popen([program, "--quiet", str(folder / "ini")], **_account(folder))
    try:
        _wait_for(port, process)
        yield f"postgres://{settings['USER']}@127.0.0.1:{port}/{settings['NAME']}"
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, *, server: str, port: int) -> None:
    """The file of docs/database.md, with what differs here."""
    recipe = RECIPE.search((ROOT / "docs" / "database.md").read_text())
    assert recipe, "docs/database.md has no ```ini block any more"
    ini = ConfigParser(interpolation=None)
    ini.read_string(recipe[1])
    ini["databases"] = {"*": server}
    own = {"listen_port": port, "default_pool_size": SIZE, "auth_type": "any", "unix_socket_dir": ""}
    own |= {"logfile": folder / "log", "pidfile": folder / "pid"}
    ini["pgbouncer"].update({name: str(value) for name, value in own.items()})
    del ini["pgbouncer"]["auth_file"]
    with (folder / "ini").open("w") as file:
        ini.write(file)


def _account(folder: Path) -> dict[str, Any]:
    """Whom to run it as: it refuses root."""
    if os.geteuid() != 0:
        return {}
    entry = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if _exists(name))
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _exists(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("PgBouncer does not answer; its own words stand above.")
