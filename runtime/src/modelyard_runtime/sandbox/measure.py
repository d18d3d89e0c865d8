"""Which walls are missing: a small program behind them tries what a hostile model would."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard_runtime.processes import children_of

from .walls import Tier

_SECONDS = 60.0
_MEMORY_MB, _DISK_MB = 200, 8
RISKS = {
    "files": "it can read files of the platform and of other tenants",
    "processes": "it can read the environment of other processes, with their secrets",
    "network": "it can call out over the network",
    "sockets": "it can call services of this machine, such as a Docker engine",
    "programs": "it can start programs and any number of processes",
    "memory": "it can take more memory than its limit",
    "disk": "it can fill the disk with many files, each within the limit of one",
    "processors": "it can use every processor, beyond the cores it was given",
    "user": "it runs as the user of the platform, not as one of its own",
}
_TRY = f"""
import glob, json, mmap, os, pathlib, socket, sys
port, secret, listener, mark = sys.argv[1:]
done = []

def attempt(name, deed):
    try:
        deed()
        done.append(name)
    except BaseException:
        pass

def processes():
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            if mark.encode() in pathlib.Path(path).read_bytes():
                return
        except OSError:
            pass
    raise OSError

def plain():
    bytearray({_MEMORY_MB + 100} << 20)

def shared():
    mmap.mmap(-1, {_MEMORY_MB + 100} << 20)

def disk():
    folder = os.environ.get('TMPDIR', '/tmp')
    paths = [os.path.join(folder, f'fill-{{at}}') for at in range(4)]
    try:
        for path in paths:
            with open(path, 'wb', buffering=0) as file:
                if file.write(bytes({_DISK_MB // 2} << 20)) < {_DISK_MB // 2} << 20:
                    raise OSError
    finally:
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)

def processors():
    if len(os.sched_getaffinity(0)) < os.cpu_count() or os.cpu_count() == 1:
        raise OSError

attempt('files', lambda: open(secret).read())
attempt('processes', processes)
attempt('network', lambda: socket.create_connection(('127.0.0.1', int(port)), 5))
attempt('sockets', lambda: socket.socket(socket.AF_UNIX).connect(listener))
attempt('programs', lambda: os.posix_spawn('/bin/true', ['true'], {{}}))
attempt('memory', plain)
attempt('memory', shared)
attempt('disk', disk)
attempt('processors', processors)
print('missing', json.dumps(done), flush=True)
sys.stdin.read()  # its user is looked at from outside
"""


def missing(tier: Tier) -> list[str]:
    """Name the walls of a tier that do not stand here, in the order of `RISKS`.

    All of them when the program cannot be asked: nothing is then known to hold.
    """
    with tempfile.TemporaryDirectory(prefix="modelyard-walls-") as name, _targets(Path(name)) as at:
        line = [sys.executable, "-m", "modelyard_runtime.sandbox", "run", "--tier", tier.value]
        line += ["--memory-mb", str(_MEMORY_MB), "--tmp-mb", str(_DISK_MB), "--allow-unsandboxed"]
        if tier is not Tier.bwrap:
            (Path(name) / "own").mkdir()
            line += ["--rw", str(Path(name) / "own")]
        line += ["--", sys.executable, "-c", _TRY, *at]
        found = _asked(line)
    return [one for one in RISKS if one in found]


def _asked(line: list[str]) -> set[str]:
    """Run the program, and look at its user while it waits to be let go."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(line, text=True, **pipes) as child:  # type: ignore[call-overload]
        ending = threading.Timer(_SECONDS, child.kill)
        ending.start()
        try:
            said = next((one for one in child.stdout if one.startswith("missing ")), None)
            if said is None:
                return set(RISKS)
            is_ours = os.getuid() in _users(child.pid)
            return set(json.loads(said.removeprefix("missing "))) | ({"user"} if is_ours else set())
        finally:
            ending.cancel()
            child.kill()


def _users(pid: int) -> set[int]:
    """Give the users of the innermost processes below one."""
    below = children_of(pid)
    if not below:
        return {Path(f"/proc/{pid}").stat().st_uid}
    return set().union(*(_users(one) for one in below))


@contextmanager
def _targets(folder: Path) -> Iterator[list[str]]:
    """Make what the program goes for: a file, a process with a secret, two services."""
    mark = secrets.token_hex(16)
    (folder / "secret").write_text(mark)
    waiting = [sys.executable, "-S", "-c", "input()"]
    beside = subprocess.Popen(waiting, stdin=subprocess.PIPE, env={**os.environ, "MARK": mark})
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        listener.bind(str(folder / "listener"))
        listener.listen()
        port = str(server.getsockname()[1])
        try:
            where = [port, str(folder / "secret"), str(folder / "listener")]
            yield [*where, mark]
        finally:
            beside.kill()
            beside.wait()
