"""The node's side of a connection with a pod: opening it, and sending the version's files."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
import tarfile
import time
from pathlib import Path
from typing import IO, cast

from modelyard_protocol.routing import ServerSpec
from modelyard_runtime.sandbox.walls import code_dirs

from . import greeting
from .manifests import PORT, PYTHON

_LENGTH = struct.Struct("<I")
REACH_SECONDS = 30.0  # a pod that runs and does not answer for so long never will
_AGAIN_SECONDS = 0.2
_PIECE = 1024 * 1024
_TAKEN_SECONDS = 120.0
_MOST_SAID = 2000


class NotFilled(RuntimeError):
    """The pod did not take its files; the text says why."""


async def dial(address: str, secret: bytes, purpose: bytes) -> socket.socket:
    """Open a connection of which both ends know that the other knows the secret.

    Raises:
        OSError: nobody answers in time.
        greeting.Stranger: somebody else does.
    """
    loop = asyncio.get_running_loop()
    connection = _socket(address)
    connection.setblocking(False)
    try:
        async with asyncio.timeout(greeting.SECONDS):
            await loop.sock_connect(connection, (address, PORT))
            offered = await _exactly(connection, greeting.OFFER)
            answered = greeting.answer(secret, offered, purpose)
            await loop.sock_sendall(connection, answered)
            code = await _exactly(connection, greeting.CODE)
            greeting.check(secret, offered, answered, code)
    except BaseException:
        connection.close()
        raise
    return connection


def fill(address: str, secret: bytes, spec: ServerSpec) -> int:
    """Send a version's files to a pod; give their size. Blocks, so not on the node's loop.

    Raises:
        NotFilled: the pod does not take them, or cannot be reached.
    """
    try:
        with _reached(address) as connection:
            offered = _block(connection, greeting.OFFER)
            answered = greeting.answer(secret, offered, greeting.FILL)
            connection.sendall(answered)
            greeting.check(secret, offered, answered, _block(connection, greeting.CODE))
            connection.settimeout(_TAKEN_SECONDS)
            pieces = _Pieces(connection)
            try:
                _pack(pieces, spec)
                connection.sendall(_LENGTH.pack(0))
                connection.sendall(greeting.seal(secret, offered, pieces.digest.digest()))
            except ConnectionError:
                pass  # it says why before it hangs up
            said = connection.recv(_MOST_SAID).decode(errors="replace")
    except (OSError, greeting.Stranger) as error:
        raise NotFilled(f"The pod's files could not be sent to {address}: {error}.") from error
    if said != "ok":
        raise NotFilled(f"{said or 'The pod hung up while its files were sent'}.")
    return pieces.size


def _reached(address: str) -> socket.socket:
    """Connect; what runs in the pod may have begun this moment and not listen yet."""
    end = time.monotonic() + REACH_SECONDS
    while True:
        connection = _socket(address)
        connection.settimeout(greeting.SECONDS)
        try:
            connection.connect((address, PORT))
        except OSError:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return connection


class _Pieces:
    """A file that sends what is written to it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        if data:
            self.digest.update(data)
            self.size += len(data)
            self._connection.sendall(_LENGTH.pack(len(data)) + data)
        return len(data)


def _pack(pieces: _Pieces, spec: ServerSpec) -> None:
    packages = Path(spec.environment_dir) / "venv" / "lib" / f"python{PYTHON}" / "site-packages"
    parts = {"model": Path(spec.model_dir), "site-packages": packages}
    parts |= {f"code/{folder.name}": folder for folder in code_dirs()}
    with tarfile.open(
        fileobj=cast("IO[bytes]", pieces), mode="w|", bufsize=_PIECE, dereference=True
    ) as archive:
        for name, folder in parts.items():
            _add(archive, folder, name)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a folder; bytecode that is being written beside a check this moment is left out."""
    archive.add(path, name, recursive=False, filter=_as_nobody)
    if path.is_dir():
        for one in sorted(path.iterdir()):
            if ".pyc." not in one.name:
                _add(archive, one, f"{name}/{one.name}")


def _as_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode |= 0o555 if entry.isdir() else 0o444
    return entry


def _socket(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def _block(connection: socket.socket, size: int) -> bytes:
    held = b""
    while len(held) < size:
        block = connection.recv(size - len(held))
        if not block:
            raise ConnectionError("it hung up")
        held += block
    return held


async def _exactly(connection: socket.socket, size: int) -> bytes:
    loop, held = asyncio.get_running_loop(), b""
    while len(held) < size:
        block = await loop.sock_recv(connection, size - len(held))
        if not block:
            raise ConnectionError("it hung up")
        held += block
    return held
