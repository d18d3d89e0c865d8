"""What can be counted of text columns with too many values for a bin each. Pure functions.

`members` is a Bloom filter over half of the reference; the other half tells how many values are
unseen without any change. Distinct values are estimated from registers that merge by addition.
"""

from __future__ import annotations

import base64
import math
import re
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from modelyard_server.kernel.lazily import lazily

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = lazily("numpy")


LENGTHS = 16
"""Length classes of a text: 0, 1, 2-3, 4-7, … characters."""
MOST_MEMBERS = 20_000
USELESS = 0.9  # share unseen in the reference itself from which membership says nothing
BUCKETS, LEVELS = 64, 27
LEAST_KEYS = 100
_BITS_PER_MEMBER = 10
_ODD = 0x9E3779B1  # Fibonacci hashing: a second position from the same checksum
_NAMES_ROWS = re.compile(r"(^|[_\W])(id|ids|uuid|guid|key|no|nr|number|index|row)$", re.IGNORECASE)
Ints: TypeAlias = "NDArray[np.int64]"


def build(known: Sequence[str], others: Sequence[str]) -> str:
    """Write which values occurred; empty when `others`, from the same source, are mostly new."""
    distinct = set(known)
    if not 0 < len(distinct) <= MOST_MEMBERS or not others:
        return ""
    if sum(value not in distinct for value in others) > USELESS * len(others):
        return ""
    size = len(distinct) * _BITS_PER_MEMBER // 8 + 8
    bits = np.zeros(size * 8, dtype=np.uint8)
    for places in _places(sorted(distinct), size * 8):
        bits[places] = 1
    return base64.b85encode(np.packbits(bits).tobytes()).decode()


def unseen(members: str, texts: Sequence[str]) -> int:
    """Count the texts that never occurred, short of about one in twenty that look alike."""
    if not texts:
        return 0
    bits = np.unpackbits(np.frombuffer(base64.b85decode(members), dtype=np.uint8))
    first, second = _places(texts, len(bits))
    return int(len(texts) - np.count_nonzero(bits[first] & bits[second]))


def lengths(texts: Sequence[str]) -> Ints:
    """Count texts by length class."""
    classes = [min(LENGTHS - 1, len(text).bit_length()) for text in texts]
    return np.bincount(np.array(classes, dtype=np.int64), minlength=LENGTHS).astype(np.int64)


def registers(texts: Sequence[str]) -> Ints:
    """Count texts by bucket and level of their hash, for `distinct`."""
    hashed = _hashed(texts)
    rest = (hashed >> np.uint32(6)).astype(np.int64)
    lowest = rest & -rest
    level = np.where(rest > 0, np.log2(np.maximum(lowest, 1)).astype(np.int64), LEVELS - 1)
    at = (hashed & np.uint32(BUCKETS - 1)).astype(np.int64) * LEVELS + level
    return np.bincount(at, minlength=BUCKETS * LEVELS).astype(np.int64)


def distinct(counts: Ints) -> float:
    """Estimate the number of distinct values, to 13 %.

    Source: Flajolet, Fusy, Gandouet, Meunier 2007 (HyperLogLog), with linear counting when small.
    """
    held = counts.reshape(BUCKETS, LEVELS) > 0
    highest = np.where(held.any(axis=1), LEVELS - np.argmax(held[:, ::-1], axis=1), 0)
    empty = int((highest == 0).sum())
    estimate = 0.709 * BUCKETS**2 / float((2.0 ** -highest.astype(np.float64)).sum())
    if estimate <= 2.5 * BUCKETS and empty:
        return BUCKETS * math.log(BUCKETS / empty)
    return estimate


def is_key(texts: Sequence[str]) -> bool:
    """Tell whether hardly any text repeats: the column names its rows."""
    return len(texts) >= LEAST_KEYS and len(set(texts)) >= 0.98 * len(texts)


def numbers_rows(name: str, numbers: NDArray[np.float64]) -> bool:
    """Tell whether whole numbers are identifiers: unique, and counting up or named so."""
    if len(numbers) < LEAST_KEYS or len(np.unique(numbers)) < 0.98 * len(numbers):
        return False
    return bool(_NAMES_ROWS.search(name)) or bool((np.diff(numbers) > 0).all())


def _places(texts: Sequence[str], size: int) -> tuple[Ints, Ints]:
    hashed = _hashed(texts)
    first, second = hashed % np.uint32(size), (hashed * np.uint32(_ODD)) % np.uint32(size)
    return first.astype(np.int64), second.astype(np.int64)


def _hashed(texts: Sequence[str]) -> NDArray[np.uint32]:
    sums = [zlib.crc32(text.encode("utf-8", "surrogatepass")) for text in texts]
    return np.array(sums, dtype=np.uint32)
