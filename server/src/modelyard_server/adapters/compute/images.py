"""Docker images, one for each locked environment, built by the engine of this machine."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import socket
import sys
import tarfile
import threading
import urllib.parse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from modelyard_server.deployments.errors import ImageNotBuilt
from modelyard_server.settings import Settings

LOOK_SECONDS = 5.0
BUILD_SECONDS = 1200.0
LABEL = "modelyard.environment"
REPOSITORY = "modelyard-environment"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_CHECK = (
    f"import sys; sys.exit(0 if sys.version_info[:2] == {sys.version_info[:2]!r} else "
    f"'The base image has Python %d.%d, the environment is for {_PYTHON}.' % sys.version_info[:2])"
)
_DOCKERFILE = f"""\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
RUN {json.dumps(["python3", "-c", _CHECK])}
RUN ["python3", "-m", "venv", "--without-pip", "/opt/environment"]
COPY site-packages /opt/environment/lib/python{_PYTHON}/site-packages
"""
OnLine = Callable[[str], None]


class _Unix(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class DockerImages:
    """Builds them, where an engine is named."""

    def __init__(self, settings: Settings) -> None:
        self._socket = settings.docker_socket
        self._base = settings.docker_base_image or f"python:{_PYTHON}-slim"

    def image(self, environment_dir: Path, lock_hash: str, on_line: OnLine) -> str:
        """Give the image of an environment, built when the engine has none yet."""
        try:
            name = self._name(lock_hash, on_line)
            if self._status("GET", f"/images/{name}/json") == 200:
                on_line(f"The engine has the image {name} already.")
                return name
            self._build(name, environment_dir, lock_hash, on_line)
        except OSError as error:
            raise ImageNotBuilt(f"The Docker engine did not build the image: {error}") from error
        return name

    def obstacle(self) -> str | None:
        """Say what stands in the way of containers."""
        if not self._socket:
            return "No Docker engine is set; see MODELYARD_DOCKER_SOCKET."
        try:
            status = self._status("GET", "/_ping")
        except OSError as error:
            return f"The Docker engine at {self._socket} does not answer: {error}."
        return None if status == 200 else f"The Docker engine answers with status {status}."

    def _name(self, lock_hash: str, on_line: OnLine) -> str:
        """Name an image by lock and base: another base gives another image."""
        quoted = urllib.parse.quote(self._base, safe="/:@")
        if self._status("GET", f"/images/{quoted}/json") == 404:
            on_line(f"Fetching the base image {self._base}.")
            query = urllib.parse.urlencode({"fromImage": self._base})
            self._told("POST", f"/images/create?{query}", None, on_line)
        base = json.loads(self._get(f"/images/{quoted}/json"))["Id"]
        whole = f"{lock_hash}\n{base}\n{_DOCKERFILE}"
        return f"{REPOSITORY}:{hashlib.sha256(whole.encode()).hexdigest()[:24]}"

    def _build(self, name: str, environment_dir: Path, lock_hash: str, on_line: OnLine) -> None:
        on_line(f"Building the image {name} on {self._base}.")
        query = urllib.parse.urlencode(
            {
                "t": name,
                "buildargs": json.dumps({"BASE_IMAGE": self._base}),
                "labels": json.dumps({LABEL: lock_hash}),
                "networkmode": "none",
                "rm": "1",
                "forcerm": "1",
            }
        )
        packages = environment_dir / "venv" / "lib" / f"python{_PYTHON}" / "site-packages"
        with Context(packages) as context:
            self._told("POST", f"/build?{query}", context, on_line)

    def _told(self, method: str, path: str, body: Context | None, on_line: OnLine) -> None:
        """Call, and read the engine's progress line by line."""
        connection = _Unix(self._socket, BUILD_SECONDS)
        try:
            headers = {"Content-Type": "application/x-tar"}
            connection.request(method, path, body, headers, encode_chunked=body is not None)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise ImageNotBuilt(f"The Docker engine refused: {_message(answer.read())}")
            for line in answer:
                told = json.loads(line)
                if "error" in told:
                    raise ImageNotBuilt(f"The image could not be built: {told['error']}")
                for text in str(told.get("stream") or told.get("status") or "").splitlines():
                    if text.strip():
                        on_line(text.rstrip())
        finally:
            connection.close()

    def _status(self, method: str, path: str) -> int:
        connection = _Unix(self._socket, LOOK_SECONDS)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        finally:
            connection.close()

    def _get(self, path: str) -> bytes:
        connection = _Unix(self._socket, LOOK_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise ImageNotBuilt(f"The Docker engine refused: {_message(content)}")
        return content


class Context:
    """The build context as a stream: never whole in memory or on disk."""

    def __init__(self, packages: Path) -> None:
        self._packages = packages
        self._failure: OSError | None = None

    def __enter__(self) -> Context:
        reader, writer = os.pipe()
        self._file = os.fdopen(reader, "rb", buffering=1024 * 1024)
        self._thread = threading.Thread(target=self._write, args=(writer,), daemon=True)
        self._thread.start()
        return self

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes.

        Raises:
            OSError: the packages could not be read to their end; an engine would build from half.
        """
        block = self._file.read(size)
        if not block and self._failure is not None:
            raise self._failure
        return block

    def __exit__(self, *_: object) -> None:
        self._file.close()  # a writer that is not through yet stops with a broken pipe
        self._thread.join()

    def _write(self, writer: int) -> None:
        with suppress(BrokenPipeError), os.fdopen(writer, "wb") as file:
            try:
                with tarfile.open(fileobj=file, mode="w|", bufsize=1024 * 1024) as archive:
                    head = tarfile.TarInfo("Dockerfile")
                    head.size = len(_DOCKERFILE.encode())
                    archive.addfile(head, io.BytesIO(_DOCKERFILE.encode()))
                    _add(archive, self._packages, "site-packages")
            except OSError as error:
                self._failure = error  # before the pipe is closed


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a folder; bytecode that is being written beside a check this moment is left out."""
    archive.add(path, name, recursive=False, filter=_as_root)
    if path.is_dir() and not path.is_symlink():
        for one in sorted(path.iterdir()):
            if ".pyc." not in one.name:
                _add(archive, one, f"{name}/{one.name}")


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode |= 0o555 if entry.isdir() else 0o444
    return entry


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content[:200].decode(errors="replace")
