"""nginx with the configuration of docs/security.md, on free loopback ports, with a certificate of its own."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import ROOT
from tests.programs import program

PATIENCE = 120.0  # seconds until it answers
FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
AROUND = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
access_log off;
{temporary}
{servers}
}}
"""
# A proxy behind the first one: it passes on the scheme that it was told.
INNER = """
server {{
    listen {host}:{port};
    location / {{
        proxy_pass {site};
        proxy_http_version 1.1;
        proxy_bind {bind};
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;
    }}
}}
"""


def recipe(site: str, *, port: int, folder: Path, bind: str = "", host: str = "127.0.0.1") -> str:
    """The lines of the documentation with the addresses and files of a test; `bind` is where it connects from."""
    text = (ROOT / "docs/security.md").read_text()
    (lines,) = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    here = {
        "listen 443 ssl": f"listen {host}:{port} ssl",
        "http://127.0.0.1:8000;": f"{site};" + (f" proxy_bind {bind};" if bind else ""),
        "/etc/ssl/orgs.example.pem": str(folder / "cert.pem"),
        "/etc/ssl/orgs.example.key": str(folder / "key.pem"),
    }
    for documented, ours in here.items():
        assert lines.count(documented) == 1, f"docs/security.md no longer has {documented!r}"
        lines = lines.replace(documented, ours)
    return lines


def inner(site: str, *, port: int, bind: str, host: str = "127.0.0.1") -> str:
    return INNER.format(site=site, host=host, port=port, bind=bind)


def free_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host.strip("[]"), 0), family=family) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def running_nginx(folder: Path, *servers: str, ports: list[int]) -> Iterator[None]:
    """One process with these servers; it is gone afterwards."""
    _certificate(folder)
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in FOLDERS)
    settings = folder / "nginx.conf"
    settings.write_text(AROUND.format(folder=folder, temporary=temporary, servers="\n".join(servers)))
    process = subprocess.Popen([program("nginx"), "-c", str(settings), "-e", str(folder / "error.log")])
    try:
        for port in ports:
            _wait(process, port, folder)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _certificate(folder: Path) -> None:
    subject = ["-subj", "/CN=orgs.example", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *subject, *files]
    subprocess.run([program("openssl"), *made], check=True, capture_output=True)


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    due = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, (folder / "error.log").read_text()
        for host in ("127.0.0.1", "::1"):
            try:
                socket.create_connection((host, port), timeout=1).close()
            except OSError:
                continue
            return
        assert time.monotonic() < due, "nginx does not answer"
        time.sleep(0.05)
