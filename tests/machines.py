"""Isolated machines for container engines: each a network namespace with a hostname, and a `dockerd` of its own.

They do not touch an engine that was running before, nor the host's network. Needs root.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound

PROGRAMS = ("dockerd", "busybox", "ip", "iptables", "nsenter", "unshare", "setpriv", "openssl")
SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
PATIENCE = 120  # seconds
HUNG = 20  # seconds without an answer about a container

# What the images do. `sleep` runs beside the shell, which answers a signal at once this way.
WORK = "echo started >>/data/log; while :; do sleep 60 & wait $!; done"
IMAGES = {
    "orgsite-polite:1": f"trap 'echo ended >>/data/log; exit 0' TERM; {WORK}",
    "orgsite-stubborn:1": f"trap '' TERM; {WORK}",
    "orgsite-failing:1": "exit 3",
    "orgsite-cached:1": WORK,
}
APPLETS = ("sh", "sleep", "cat", "id", "grep", "mkdir")


class CannotRun(Exception):
    """No engine can be started here; the message says why."""


def why_not() -> str:
    """Why no engine can be started here; "" where one can."""
    missing = [program for program in PROGRAMS if not shutil.which(program, path=SEARCHED)]
    if missing:
        return f"{', '.join(missing)} missing; `make system-deps` installs what is needed"
    allowed = subprocess.run(["unshare", "--net", "--uts", "true"], capture_output=True, check=False).returncode == 0
    return "" if allowed and os.geteuid() == 0 else "it takes root, and the right to make namespaces"


class Machine:
    """A network namespace with a `dockerd`, which can be stopped and started again."""

    def __init__(self, hostname: str) -> None:
        self.hostname = hostname
        self.folder = Path(tempfile.mkdtemp(prefix=f"orgsite-dockerd-{os.getpid()}-"))
        self.address = f"unix://{self.folder}/sock"
        self._daemon: subprocess.Popen[bytes] | None = None
        self._api_version = "auto"  # asked once: an engine starts two programs to answer that
        # Ends with this process, however that ends; the namespaces and what is in them end with it.
        self._namespaces = _spawn("unshare", "--net", "--uts", "sleep", "infinity")
        _until(lambda: _network_of(self.pid) != _network_of("self"))
        self.run("hostname", hostname)
        self.run("ip", "link", "set", "lo", "up")

    @property
    def pid(self) -> int:
        return self._namespaces.pid

    def inside(self, *command: str) -> list[str]:
        """The command as it is given from outside."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", f"--uts=/proc/{self.pid}/ns/uts", *command]

    def run(self, *command: str) -> None:
        subprocess.run(self.inside(*command), check=True, env=_environment())

    def spawn(self, *command: str, log: io.BufferedWriter | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        return _spawn(*self.inside(*command), log=log)

    def wait_for_port(self, port: int) -> None:
        listening = f":{port:04X} 00000000:0000 0A"  # as the kernel writes it
        _until(lambda: listening in Path(f"/proc/{self.pid}/net/tcp").read_text())

    def start(self, *arguments: str) -> None:
        options = ["--storage-driver=vfs", "--iptables=false", "--bridge=none", f"--host={self.address}"]
        places = [f"--{name}={self.folder / name}" for name in ("data-root", "exec-root", "pidfile")]
        with (self.folder / "log").open("ab") as log:
            self._daemon = self.spawn(_program("dockerd"), *options, *places, *arguments, log=log)

    def wait(self) -> None:
        """Until the engine answers."""
        _until(self._answers)

    def stop(self) -> None:
        if self._daemon:
            self._daemon.terminate()
            try:
                self._daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._daemon.kill()
                self._daemon.wait()
            self._daemon = None

    def hangs(self) -> bool:
        """Whether a container cannot be looked at. Docker 20.10 can deadlock in its network code when very many
        containers end in the same moment; then it answers lists alone, until it is started again.
        """
        try:
            with self.api(timeout=HUNG) as api:
                for container in api.containers(all=True):
                    with suppress(NotFound):
                        api.inspect_container(container["Id"])
        except (OSError, DockerException):
            return True
        return False

    def close(self) -> None:
        """Everything ends at once, and the folder goes."""
        if self._daemon and self._daemon.poll() is None:
            with suppress(APIError, OSError), self.api() as api:
                clear(api)
        self.stop()
        self._namespaces.kill()
        self._namespaces.wait()
        _discard(self.folder)

    @property
    def is_up(self) -> bool:
        return self._daemon is not None

    @contextmanager
    def api(self, *, timeout: int = PATIENCE) -> Iterator[APIClient]:
        client = APIClient(base_url=self.address, version=self._api_version, timeout=timeout)
        self._api_version = client.api_version
        try:
            yield client
        finally:
            client.close()

    def _answers(self) -> bool:
        assert self._daemon, "It was not started."
        if self._daemon.poll() is not None:
            raise CannotRun(f"dockerd ended: {(self.folder / 'log').read_text().strip().splitlines()[-1]}")
        try:
            with self.api() as api:
                return bool(api.ping())
        except (OSError, DockerException):
            return False


def clear(api: APIClient) -> None:
    """Remove all containers and volumes of an engine."""
    for container in api.containers(all=True):
        with suppress(APIError):
            api.remove_container(container["Id"], force=True, v=True)
    for volume in api.volumes()["Volumes"] or ():
        with suppress(APIError):
            api.remove_volume(volume["Name"])


def connect(one: Machine, other: Machine, *, network: str) -> None:
    """A cable between two machines. `network` is the beginning of an address: `10.77.0`."""
    ends = f"ip link add cable netns {one.pid} type veth peer name cable netns {other.pid}"
    subprocess.run(ends.split(), check=True, env=_environment())
    for number, machine in enumerate((one, other), start=1):
        machine.run("ip", "address", "add", f"{network}.{number}/24", "dev", "cable")
        machine.run("ip", "link", "set", "cable", "up")


@contextmanager
def machine_with_images(hostname: str) -> Iterator[Machine]:
    """One that runs an engine, for as long as this lasts. Raises CannotRun."""
    machine = Machine(hostname)
    try:
        machine.start()
        machine.wait()
        with machine.api() as api:
            load_images(api)
        yield machine
    finally:
        machine.close()


def load_images(api: APIClient) -> None:
    content = root_of_an_image()
    for name, script in IMAGES.items():
        repository, tag = name.split(":")
        command = json.dumps(["/bin/sh", "-c", script])
        changes = [f"CMD {command}", *(["VOLUME /cache"] if repository == "orgsite-cached" else [])]
        api.import_image_from_data(content, repository=repository, tag=tag, changes=changes)


def sweep() -> None:
    """Folders that a killed run left behind; its processes ended with it."""
    for folder in Path(tempfile.gettempdir()).glob("orgsite-dockerd-*"):
        owner = folder.name.split("-")[2]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _discard(folder)


# ---- helpers


def _spawn(*command: str, log: io.BufferedWriter | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """A process that ends with this one, even where this one is killed."""
    bound = ["setpriv", "--pdeathsig", "TERM", *command]
    return subprocess.Popen(bound, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment())


def _network_of(pid: int | str) -> Path:
    return Path(f"/proc/{pid}/ns/net").readlink()


def _environment() -> dict[str, str]:
    # A container takes a dozen short programs in Go, which end before there is garbage worth a collection.
    return os.environ | {"PATH": SEARCHED, "GOGC": "800"}


def _program(name: str) -> str:
    return shutil.which(name, path=SEARCHED) or name


def _until(happens: Callable[[], Any], *, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"This did not happen within {seconds} seconds."
        time.sleep(0.05)


def _discard(folder: Path) -> None:
    for mount in re.findall(rf" ({re.escape(str(folder))}/\S*) ", Path("/proc/self/mountinfo").read_text()):
        subprocess.run(["umount", "--lazy", mount], check=False)
    shutil.rmtree(folder, ignore_errors=True)


def root_of_an_image() -> bytes:
    """A tar archive: busybox, and the folders it needs. A folder that is not written down is closed to everybody."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in ("bin", "data", "config", "tmp"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        tar.add(_program("busybox"), "bin/busybox")
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return packed.getvalue()
