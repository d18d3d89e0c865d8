"""Where a reader of a stream stands: a digest of each thing it was told, in the id of an event."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Mapping, Sequence

import orjson

LONGEST = 8_000  # of the header in which browsers send it back


def digest(value: object) -> int:
    """Give the digest of something that JSON can say."""
    return zlib.crc32(orjson.dumps(value))


def sealed(scope: str, digests: Mapping[str, int]) -> str:
    """Write a position; "" when it is too long to be sent back."""
    names = sorted(digests)
    packed = struct.pack(f">{len(names)}I", *(digests[name] for name in names))
    text = f"{_around(scope, names)}.{base64.urlsafe_b64encode(packed).decode()}"
    return text if len(text) <= LONGEST else ""


def opened(position: str, scope: str, names: Sequence[str]) -> dict[str, int] | None:
    """Read a position; `None` when it is not ours, or of other things than these."""
    around, _, packed = position.rpartition(".")
    wanted = sorted(names)
    if around != _around(scope, wanted):
        return None
    try:
        raw = base64.urlsafe_b64decode(packed.encode())
        return dict(zip(wanted, struct.unpack(f">{len(wanted)}I", raw), strict=True))
    except (ValueError, struct.error, binascii.Error):
        return None


def _around(scope: str, names: Sequence[str]) -> str:
    return f"{scope}.{digest(list(names)):08x}"
