"""What a model server's container looks like: pure descriptions, and the socket it connects to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelyard_protocol.routing import ServerSpec
from modelyard_runtime.sandbox.walls import code_dirs

NODE, SERVER, DIGEST = "modelyard.node", "modelyard.server", "modelyard.spec"
START, LABEL = "modelyard.start", "modelyard.label"
NOBODY = 65534
ENVIRONMENT_DIR = "/opt/environment"
SOCKET_FILE = "model.sock"
_CODE, _MODEL, _SOCKETS = "/opt/modelyard", "/model", "/run/modelyard"
_LOG_BYTES = "2m"


def body(spec: ServerSpec, sockets: Path, user: int) -> dict[str, Any]:
    """Describe the container of a spec as the engine wants it, without labels."""
    return {
        "Image": spec.image,
        "Cmd": _line(spec),
        "Entrypoint": [],
        "User": f"{user}:{user}",
        "WorkingDir": "/tmp",  # noqa: S108 - its own
        "Env": [f"{name}={value}" for name, value in sorted(_environment(spec).items())],
        "NetworkDisabled": True,
        "HostConfig": _walls(spec) | {"Mounts": _mounts(spec, sockets)},
    }


def digest(described: dict[str, Any], code_version: str) -> str:
    """Name a container by everything it was made from."""
    whole = json.dumps([code_version, described], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


@contextlib.contextmanager
def listen(folder: Path) -> Iterator[socket.socket]:
    """Listen on the socket in a container's folder, which no other container sees."""
    with contextlib.suppress(FileNotFoundError):
        (folder / SOCKET_FILE).unlink()
    folder.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o700)  # of this machine's users only the node's own gets in
    folder.chmod(0o755)
    beside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            # Addresses of sockets end at 107 bytes; the folder's name may be longer.
            listener.bind(f"/proc/self/fd/{beside}/{SOCKET_FILE}")
            (folder / SOCKET_FILE).chmod(0o666)
            listener.listen(1)
            listener.setblocking(False)
            yield listener
    finally:
        os.close(beside)


def _line(spec: ServerSpec) -> list[str]:
    line = [f"{ENVIRONMENT_DIR}/bin/python", "-m", "modelyard_runtime.serve"]
    line += ["--model-dir", _MODEL, "--engine", spec.engine]
    return [*line, "--connect", f"{_SOCKETS}/{SOCKET_FILE}"]


def _environment(spec: ServerSpec) -> dict[str, str]:
    threads = str(max(1, round(spec.limits.cpus)))
    found: dict[str, str] = {}
    if spec.environment_file:
        found |= json.loads(Path(spec.environment_file).read_text(encoding="utf-8"))
    return found | {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/tmp",  # noqa: S108 - its own
        "TMPDIR": "/tmp",  # noqa: S108
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": _CODE,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "MODELYARD_SANDBOX": "docker",
    }


def _walls(spec: ServerSpec) -> dict[str, Any]:
    limits = spec.limits
    memory = limits.memory_mb * 1024 * 1024
    return {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Memory": memory,
        "MemorySwap": memory,
        "NanoCpus": int(limits.cpus * 1_000_000_000),
        "PidsLimit": limits.processes,
        "Ulimits": [
            {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "Tmpfs": {"/tmp": f"rw,nosuid,nodev,noexec,size={limits.tmp_mb}m"},  # noqa: S108
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": _LOG_BYTES, "max-file": "2"},
        },
    }


def _mounts(spec: ServerSpec, sockets: Path) -> list[dict[str, Any]]:
    pairs = [(Path(spec.model_dir), _MODEL), (sockets, _SOCKETS)]
    pairs += [(path, f"{_CODE}/{path.name}") for path in code_dirs()]
    return [
        {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": True}
        for source, target in pairs
    ]
