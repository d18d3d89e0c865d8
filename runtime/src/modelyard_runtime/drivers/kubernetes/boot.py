"""Fills a pod: waits for the node, takes the version's files, checks them and leaves.

Runs in the pod's first container, on the bare image: standard library only, as a script beside
`greeting.py`. The stream is pieces of `u32 length | bytes` (a tar), a zero length, and the seal.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING or __package__:
    from . import greeting
else:  # in the pod
    import greeting

PLACE = Path("/opt/modelyard")
HANDED = Path("/run/modelyard")
_LENGTH = struct.Struct("<I")
_MAX_PIECE = 16 * 1024 * 1024
_SILENCE_SECONDS = 60.0


class Refused(Exception):
    """The files are not taken; the text goes to the node."""


class Stream:
    """The tar inside the pieces, as a file to read from."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""
        self.digest = hashlib.sha256()
        self.is_over = False

    def read(self, size: int) -> bytes:
        """Give the next bytes, at most so many; none at the end."""
        while not self._rest and not self.is_over:
            (length,) = _LENGTH.unpack(exactly(self._connection, _LENGTH.size))
            if length > _MAX_PIECE:
                raise Refused(f"A piece of {length} bytes is not possible.")
            self._rest = exactly(self._connection, length)
            self.digest.update(self._rest)
            self.is_over = not length
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def exactly(connection: socket.socket, size: int) -> bytes:
    """Read so many bytes."""
    held = bytearray()
    while len(held) < size:
        block = connection.recv(min(size - len(held), 1024 * 1024))
        if not block:
            raise OSError("The node hung up in the middle.")
        held += block
    return bytes(held)


def main() -> int:
    """Wait until the files are there."""
    if (PLACE / "complete").exists():  # the container was started again
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the first process has no default
    secret = bytes.fromhex((HANDED / "secret").read_text())
    address = os.environ["MODELYARD_POD_ADDRESS"]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, int(os.environ["MODELYARD_PORT"])))
        listener.listen(8)
        say("waiting for the version's files")
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    connection.settimeout(greeting.SECONDS)
                    if take(connection, secret):
                        return 0
                except (OSError, greeting.Stranger, struct.error) as error:
                    say(str(error))


def take(connection: socket.socket, secret: bytes) -> bool:
    """Answer one caller; tell whether the files are there."""
    offered = greeting.offer()
    connection.sendall(offered)
    purpose, code = greeting.accept(secret, offered, exactly(connection, greeting.ANSWER))
    connection.sendall(code)
    if purpose != greeting.FILL:
        return False
    connection.settimeout(_SILENCE_SECONDS)
    part = PLACE / "part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        unpack(connection, secret, offered, part)
        for one in part.iterdir():
            shutil.rmtree(PLACE / one.name, ignore_errors=True)
            one.rename(PLACE / one.name)
        make_environment()
        (PLACE / "complete").touch()
    except (Refused, tarfile.TarError, OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(part, ignore_errors=True)
        say(f"the files were not taken: {error}")
        connection.sendall(f"The pod did not take the files: {error}".encode()[:1000])
        return False
    connection.sendall(b"ok")
    say("the files are there")
    return True


def unpack(connection: socket.socket, secret: bytes, offered: bytes, part: Path) -> None:
    """Write the files, then check that the node vouches for every byte of them."""
    stream = Stream(connection)
    file = cast("IO[bytes]", stream)
    with tarfile.open(fileobj=file, mode="r|", bufsize=1024 * 1024) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(part, filter="data")
        else:
            archive.extractall(part)  # noqa: S202 - the node vouches for it
    while not stream.is_over:
        stream.read(_MAX_PIECE)
    seal = exactly(connection, greeting.CODE)
    if not hmac.compare_digest(seal, greeting.seal(secret, offered, stream.digest.digest())):
        raise Refused("their SHA-256 is not the one the node vouches for")


def make_environment() -> None:
    """Make an environment of the image's Python around the packages that have come."""
    wanted = os.environ["MODELYARD_PYTHON"]
    found = f"{sys.version_info.major}.{sys.version_info.minor}"
    if found != wanted:
        raise Refused(f"the image has Python {found}, the environment is for {wanted}")
    place = PLACE / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    packages = place / "lib" / f"python{wanted}" / "site-packages"
    shutil.rmtree(packages, ignore_errors=True)
    (PLACE / "site-packages").rename(packages)


def say(text: str) -> None:
    """Write a line of the pod's log."""
    print(f"[pod] {text}", flush=True)  # noqa: T201 - the log of its container


if __name__ == "__main__":
    sys.exit(main())
