"""A PgBouncer in front of this run's PostgreSQL: transaction pooling, few connections, on a free port of loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 20.0  # seconds that it gets to answer, and to end
SIZE = 3  # connections to the server
INI = """\
[databases]
* = {server}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
query_wait_timeout = 30
max_client_conn = 200
logfile = {folder}/log
pidfile = {folder}/pid
"""


@contextmanager
def pooler(program: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """The address, as DATABASE_URL, at which it answers for the database of these Django settings."""
    folder = Path(tempfile.mkdtemp(prefix="orgsite-pooler-"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    server = " ".join(f"{name}='{settings[key]}'" for name, key in given.items() if settings[key])
    (folder / "ini").write_text(INI.format(server=server, port=port, folder=folder, size=SIZE))
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
