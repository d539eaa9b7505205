"""Where engines and images are found: DOCKER_HOST with and without TLS, and a registry."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.engines.rigs import DockerRig, wanted
from tests.machines import Machine, root_of_an_image
from tests.processes import ROOT
from workspaces.engines.base import ContainerState
from workspaces.engines.docker.docker_engine import DockerEngine
from workspaces.engines.options import Options
from workspaces.errors import EngineRefused

pytestmark = pytest.mark.xdist_group("docker")

CHECK = (
    "from workspaces.engines.docker.docker_engine import DockerEngine; from workspaces.engines.options import Options; "
    "print(DockerEngine(Options()).check())"
)
AUTHORITY = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca-key.pem -out ca.pem"
REQUEST = "openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout {who}-key.pem -out {who}.csr"
SIGN = (
    "openssl x509 -req -in {who}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2"
    " -extfile extensions -out {who}-cert.pem"
)


@pytest.fixture
def rig(docker: Machine) -> Iterator[DockerRig]:
    rig = DockerRig((docker,))
    yield rig
    rig.close()


def certificates(folder: Path) -> Path:
    """`key.pem`, `cert.pem` and `ca.pem`, as DOCKER_CERT_PATH has them; the same are good for the engine."""
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    for command in (AUTHORITY, REQUEST.format(who="both"), SIGN.format(who="both")):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    (folder / "both-key.pem").rename(folder / "key.pem")
    (folder / "both-cert.pem").rename(folder / "cert.pem")
    return folder


def check_from(machine: Machine, **environment: str) -> str:
    """What `check` says to a process on that machine with that environment."""
    command = machine.inside(sys.executable, "-c", CHECK)
    variables = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_docker_host_may_be_a_socket(rig: DockerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", rig.address)
    engine = DockerEngine(Options())
    assert engine.check().startswith("Docker ")
    engine.close()


def test_docker_host_may_be_far_away_behind_certificates(docker: Machine, tmp_path: Path) -> None:
    folder, machine = certificates(tmp_path), Machine("far")
    keys = [f"--tls{name}={folder / file}" for name, file in (("cert", "cert.pem"), ("key", "key.pem"))]
    try:
        machine.start("--host=tcp://127.0.0.1:2376", "--tlsverify", f"--tlscacert={folder / 'ca.pem'}", *keys)
        machine.wait()
        # What the web is verified with is no business of an engine's.
        far = {"DOCKER_HOST": "tcp://127.0.0.1:2376", "REQUESTS_CA_BUNDLE": certifi.where()}
        known = check_from(machine, **far, DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(folder))
        stranger = check_from(machine, **far)
    finally:
        machine.close()
    assert known.startswith("Docker ")
    assert "EngineAway" in stranger


def test_an_image_that_is_not_there_yet_is_pulled(rig: DockerRig, docker: Machine, tmp_path: Path) -> None:
    (tmp_path / "root.tar").write_bytes(root_of_an_image())
    serving = docker.spawn(sys.executable, "-m", "tests.engines.registry", "5000", str(tmp_path / "root.tar"))
    try:
        engine, one = rig.engine(), wanted(image="127.0.0.1:5000/team/agent:1")
        docker.wait_for_port(5000)
        engine.start(one)
        assert engine.containers()[one.workspace_id].state is ContainerState.RUNNING
        with pytest.raises(EngineRefused, match=r"agent:2 cannot be pulled: manifest unknown"):
            engine.start(wanted(image="127.0.0.1:5000/team/agent:2"))
    finally:
        serving.kill()
        serving.wait()
