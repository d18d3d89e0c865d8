"""How node and pod prove to each other that they know the version's secret.

The pod sends MAGIC and a nonce; the node answers with what it wants, a nonce of its own and a code
over all of that; the pod answers with its code. The secret itself never travels. Standard library
only: the pod runs this file before it has anything else.
"""

from __future__ import annotations

import hashlib
import hmac
import os

MAGIC = b"MYPOD\x00\x001"
NONCE = 32
CODE = 32
OFFER = len(MAGIC) + NONCE
ANSWER = 1 + NONCE + CODE
SECONDS = 10.0

FILL, NODE, CALL = b"f", b"n", b"c"
"""What a connection is for: the version's files, the node's conversation, a worker's calls."""


class Stranger(Exception):
    """The other end does not know the secret, or does not speak this protocol."""


def offer() -> bytes:
    """Begin, in the pod."""
    return MAGIC + os.urandom(NONCE)


def answer(secret: bytes, offered: bytes, purpose: bytes) -> bytes:
    """Say what the connection is for, in the node."""
    if offered[: len(MAGIC)] != MAGIC:
        raise Stranger("What answers there is not a model server's pod.")
    head = purpose + os.urandom(NONCE)
    return head + _code(secret, b"node", offered, head)


def accept(secret: bytes, offered: bytes, answered: bytes) -> tuple[bytes, bytes]:
    """Check the node, in the pod; give what it wants and the code that proves the pod to it."""
    head, code = answered[: 1 + NONCE], answered[1 + NONCE :]
    if not hmac.compare_digest(code, _code(secret, b"node", offered, head)):
        raise Stranger("The caller does not know this version's secret.")
    return head[:1], _code(secret, b"pod", offered, head)


def check(secret: bytes, offered: bytes, answered: bytes, code: bytes) -> None:
    """Check the pod, in the node."""
    if not hmac.compare_digest(code, _code(secret, b"pod", offered, answered[: 1 + NONCE])):
        raise Stranger("What answers at the pod's address does not know this version's secret.")


def seal(secret: bytes, offered: bytes, digest: bytes) -> bytes:
    """Vouch for the files of one connection: nobody on the way can change them."""
    return _code(secret, b"files", offered, digest)


def _code(secret: bytes, who: bytes, offered: bytes, rest: bytes) -> bytes:
    return hmac.new(secret, b"|".join((who, offered, rest)), hashlib.sha256).digest()
