"""Columns of kept rows that stay in Arrow: values become Python's only while they are looked at.

A column is a list of pieces, one per file it was read from; a file may lack it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, overload

from modelyard_server.kernel.lazily import lazily

from .quality import Floats

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.types as pa_types
else:
    np = lazily("numpy")
    pa = lazily("pyarrow")
    pa_types = lazily("pyarrow.types")


class Column(Sequence[Any]):
    """Values of one column over all pieces; where a piece lacks it they are `None`."""

    __slots__ = ("_pieces", "_rows")

    def __init__(self) -> None:
        self._pieces: list[pa.Array | int] = []
        self._rows = 0

    def extend(self, piece: pa.ChunkedArray | int) -> None:
        """Add values, or so many rows without one."""
        if isinstance(piece, int):
            self._pieces.append(piece)
            self._rows += piece
        else:
            self._pieces += piece.chunks
            self._rows += len(piece)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(map(_values, self._pieces))

    @overload
    def __getitem__(self, at: int) -> Any: ...

    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...

    def __getitem__(self, at: int | slice) -> Any:
        return list(self)[at]

    def take(self, rows: Sequence[int]) -> list[Any]:
        """Give the values of some rows."""
        every = list(self)
        return [every[at] for at in rows]

    def numbers(self, otherwise: Callable[[Any], float]) -> Floats:
        """Give numbers as they are, NaN where one is missing, and the rest by `otherwise`."""
        return self._joined(
            lambda piece: _floats(piece) if _is_number(piece.type) else _mapped(piece, otherwise),
            otherwise,
        )

    def mapped(self, of: Callable[[Any], float]) -> Floats:
        """Give `of` every value."""
        return self._joined(lambda piece: _mapped(piece, of), of)

    def _joined(
        self, read: Callable[[pa.Array], Floats], missing: Callable[[Any], float]
    ) -> Floats:
        found, at = np.empty(self._rows), 0
        for piece in self._pieces:
            rows = piece if isinstance(piece, int) else len(piece)
            found[at : at + rows] = missing(None) if isinstance(piece, int) else read(piece)
            at += rows
        return found


def numbers(values: Sequence[Any], of: Callable[[Any], float]) -> Floats:
    """Give `of` every value; it must give a number as it is and NaN for what is missing."""
    if isinstance(values, Column):
        return values.numbers(of)
    return np.array([of(value) for value in values], dtype=np.float64)


def mapped(values: Sequence[Any], of: Callable[[Any], float]) -> Floats:
    """Give `of` every value."""
    if isinstance(values, Column):
        return values.mapped(of)
    return np.array([of(value) for value in values], dtype=np.float64)


def taken(values: Sequence[Any], rows: Sequence[int]) -> Sequence[Any]:
    """Give the values of some rows."""
    if isinstance(values, Column):
        return values if len(rows) == len(values) else values.take(rows)
    return [values[at] for at in rows]


def _values(piece: pa.Array | int) -> Sequence[Any]:
    return (None,) * piece if isinstance(piece, int) else piece.to_pylist()


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa_types.is_floating(kind) or pa_types.is_integer(kind) or pa_types.is_boolean(kind)
    )


def _floats(piece: pa.Array) -> Floats:
    whole = piece.cast(pa.float64(), safe=False)
    found: Floats = whole.to_numpy(zero_copy_only=False)
    return found


def _mapped(piece: pa.Array, of: Callable[[Any], float]) -> Floats:
    """Give `of` every value; of texts each different one is looked at once."""
    if pa_types.is_dictionary(piece.type) or not _is_text(piece.type):
        return np.array([of(value) for value in piece.to_pylist()], dtype=np.float64)
    coded = piece.dictionary_encode()
    known = np.array([*map(of, coded.dictionary.to_pylist()), of(None)], dtype=np.float64)
    at = coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
    found: Floats = known[at]
    return found


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa_types.is_string(kind) or pa_types.is_large_string(kind))
