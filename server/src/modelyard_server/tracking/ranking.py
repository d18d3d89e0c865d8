"""The first of many by several keys, without sorting them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from modelyard_server.kernel.lazily import lazily

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazily("numpy")


Places: TypeAlias = "npt.NDArray[np.int64]"
Key: TypeAlias = "tuple[npt.NDArray[Any], int]"
"""Values, and 1 or -1 for the smallest or the largest first."""
_FEW = 4096  # sorted at once


def first(places: Places, keys: Sequence[Key], limit: int, after: Sequence[float] | None) -> Places:
    """Give the first `limit` of some places by keys, from after a position.

    The keys tell all places apart; `after` has a value for each of them.
    """
    if after is not None:
        places = places[_beyond(places, keys, after)]
    return _first(places, keys, limit)


def _first(places: Places, keys: Sequence[Key], limit: int) -> Places:
    if len(places) <= max(limit, _FEW):
        return _sorted(places, keys)[:limit]
    values = _values(places, keys[0])
    edge = np.partition(values, limit - 1)[limit - 1]
    before = _sorted(places[values < edge], keys)
    equal = places[values == edge]
    return np.concatenate([before, _first(equal, keys[1:], limit - len(before))])


def _sorted(places: Places, keys: Sequence[Key]) -> Places:
    return places[np.lexsort([_values(places, key) for key in reversed(keys)])]


def _values(places: Places, key: Key) -> npt.NDArray[Any]:
    values, sign = key
    found: npt.NDArray[Any] = values[places]
    return found if sign > 0 else -found


def _beyond(places: Places, keys: Sequence[Key], after: Sequence[float]) -> npt.NDArray[np.bool_]:
    is_past = np.zeros(len(places), np.bool_)
    is_equal = np.ones(len(places), np.bool_)
    for key, at in zip(keys, after, strict=True):
        values = _values(places, key)
        edge = at if key[1] > 0 else -at
        is_past |= is_equal & (values > edge)
        is_equal &= values == edge
        if not is_equal.any():
            break
    return is_past
