"""A throwaway PostgreSQL server for the tests or a benchmark."""

import contextlib
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WHERE_SERVERS_LIVE = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"]


class NoServer(Exception):
    """No PostgreSQL server can be started; the message says why and what helps."""


@contextlib.contextmanager
def throwaway_server(settings: Mapping[str, str]) -> Iterator[str]:
    """The address of a new PostgreSQL server on a private socket; it is deleted at the end. Raises NoServer."""
    binaries, account = server_binaries(), unprivileged_account()
    home = Path(tempfile.mkdtemp(prefix="orgsite-pg-"))
    try:
        if account:
            os.chown(home, account["user"], account["group"])
        server = Server(binaries, home, account, settings)
        server.create()
        try:
            server.start()
            yield f"postgres://orgsite@{str(home).replace('/', '%2F')}/postgres"
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True)
class Server:
    binaries: Path
    home: Path
    account: dict[str, Any]
    settings: Mapping[str, str]

    def create(self) -> None:
        locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
        trust = ["--username=orgsite", "--auth-local=trust", "--auth-host=reject"]
        self._run("initdb", *trust, "--encoding=UTF8", f"--locale={locale}", "--no-sync")

    def start(self) -> None:
        settings = {**self.settings, "listen_addresses": "", "unix_socket_directories": str(self.home)}
        switches = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
        self._run("pg_ctl", "start", "--wait", "--timeout=60", f"--log={self.home / 'log'}", f"--options={switches}")

    def stop(self) -> None:
        # A server that pg_ctl cannot stop ends by itself after its folder is removed.
        with contextlib.suppress(NoServer):
            self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def _run(self, program: str, *args: str) -> None:
        messages = self.home / "messages"  # a file, because the server would keep a pipe open while it runs
        command = [str(self.binaries / program), f"--pgdata={self.home / 'data'}", *args]
        with messages.open("w") as output:
            done = subprocess.run(command, cwd=self.home, stdout=output, stderr=output, check=False, **self.account)
        if done.returncode:
            log = self.home / "log"
            raise NoServer(
                f"{program} failed:\n{messages.read_text()}{log.read_text() if log.exists() else ''}".rstrip()
            )


def server_binaries() -> Path:
    """The folder of the newest server's programs, which distributions do not put on PATH."""
    versioned = [folder for pattern in WHERE_SERVERS_LIVE for folder in Path("/").glob(pattern.lstrip("/"))]
    candidates = sorted(versioned, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], reverse=True)
    if pg_config := shutil.which("pg_config"):
        found = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(found.stdout.strip()))
    if pg_ctl := shutil.which("pg_ctl"):
        candidates.append(Path(pg_ctl).resolve().parent)
    for folder in candidates:
        if all((folder / program).is_file() for program in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise NoServer("no server binaries found; install them with `make system-deps`, or name a server in DATABASE_URL.")


def unprivileged_account() -> dict[str, Any]:
    """The account that runs the server, because PostgreSQL refuses root; {} for the present one."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoServer("root may not run it, and there is neither a user postgres nor a user nobody.")
