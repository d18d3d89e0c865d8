"""A Docker engine of the tests' own: daemon, data root and socket in a folder of theirs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from modelyard_server.adapters.compute.images import DockerImages
from modelyard_server.registry import requirements
from modelyard_server.registry.environments import Environments, PreparedEnvironment
from modelyard_server.registry.sandboxed import runtime_package
from modelyard_server.settings import Settings

ROOT = Path(__file__).parents[2]
BASE_TAR = ROOT / ".make" / "docker-base.tar"
BASE_IMAGE = "modelyard-test-base:1"
START_SECONDS = 30
_DEBIAN_PYTHON = {"11": "bullseye", "12": "bookworm", "13": "trixie"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Engine:
    """A running engine that has the base image."""

    folder: Path
    socket: Path

    @property
    def http(self) -> httpx.Client:
        transport = httpx.HTTPTransport(uds=str(self.socket))
        return httpx.Client(transport=transport, base_url="http://docker", timeout=60)

    def images(self) -> DockerImages:
        """Give the builder of the product, pointed at this engine."""
        settings = Settings(docker_socket=str(self.socket), docker_base_image=BASE_IMAGE)
        return DockerImages(settings)

    def containers(self) -> list[dict[str, object]]:
        """List all containers, ended ones too."""
        with self.http as http:
            found: list[dict[str, object]] = http.get("/containers/json?all=1").json()
        return found


def why_no_engine() -> str | None:
    """Say what is missing for an engine here; `None`: nothing."""
    if os.getuid() != 0:
        return "an engine of one's own needs root"
    if shutil.which("dockerd") is None:
        return "dockerd is not installed (scripts/system-deps docker)"
    if not BASE_TAR.is_file():
        return "there is no base image yet (make test-docker makes one)"
    return None


@contextmanager
def an_engine(folder: Path) -> Iterator[Engine]:
    """Start a daemon, give it the base image, end it afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = Engine(folder, folder / "docker.sock")
    line = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")]
    line += ["--pidfile", str(folder / "pid"), "--host", f"unix://{engine.socket}"]
    line += ["--bridge=none", "--iptables=false", "--ip-forward=false"]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(line, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(engine, daemon)
        _import_base(engine)
        yield engine
    finally:
        with engine.http as http:
            for one in engine.containers():
                http.delete(f"/containers/{one['Id']}?force=1")
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(30)


def an_environment(folder: Path, *lines: str) -> PreparedEnvironment:
    """Build an isolated environment of the runtime's requirements and these."""
    runtime = (runtime_package() / "requirements.txt").read_text().splitlines()
    wanted = requirements.read(lines, runtime, read_constraints=lambda _: [])
    return Environments(folder).get(wanted, on_line=lambda _: None, is_isolated=True)


def _await(engine: Engine, daemon: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and daemon.poll() is None:
        try:
            with engine.http as http:
                if http.get("/_ping").status_code == 200:
                    return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError((engine.folder / "log").read_text()[-2000:])


def _import_base(engine: Engine) -> None:
    with engine.http as http, BASE_TAR.open("rb") as tar:
        name, _, tag = BASE_IMAGE.partition(":")
        query = {"fromSrc": "-", "repo": name, "tag": tag, "changes": f"ENV PATH={_PATH}"}
        answer = http.post("/images/create", params=query, content=tar)
    assert "error" not in json.loads(answer.text.splitlines()[-1]), answer.text


def make_base() -> None:
    """Make the base image's file with debootstrap, once: a Debian with this Python."""
    release = Path("/etc/os-release").read_text()
    version = next(
        line.split("=")[1].strip('"') for line in release.splitlines() if "VERSION_ID" in line
    )
    folder = BASE_TAR.with_suffix(".d")
    shutil.rmtree(folder, ignore_errors=True)
    wanted = "--include=python3,python3-venv,ca-certificates"
    suite, mirror = _DEBIAN_PYTHON[version], "http://deb.debian.org/debian"
    subprocess.run(["debootstrap", "--variant=minbase", wanted, suite, folder, mirror], check=True)
    part = BASE_TAR.with_suffix(".part")
    subprocess.run(["tar", "-C", folder, "-cf", part, "."], check=True)
    shutil.rmtree(folder)
    part.rename(BASE_TAR)


if __name__ == "__main__":
    if not BASE_TAR.is_file():
        make_base()
    sys.exit(why_no_engine())
