"""Binary bodies straight to one numeric matrix, without a Python object per cell.

Whatever is unusual or wrong is left to the full decoder, which says what is the matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from modelyard_protocol import media, npy
from modelyard_protocol.records import Skin

from .matrices import Matrix

_DTYPES = {
    "FP64": "<f8", "FP32": "<f4", "INT64": "<i8", "INT32": "<i4", "INT16": "<i2", "INT8": "<i1",
    "UINT32": "<u4", "UINT16": "<u2", "UINT8": "<u1",
}  # fmt: skip

Ready = tuple[np.ndarray[Any, Any], str | None]
"""(matrix, id the caller chose)"""


def read(matrix: Matrix, skin: Skin, content_type: str, body: bytes) -> Ready | None:
    """Give a body's matrix; `None`: ask the full decoder.

    Shapes: (rows, columns)
    """
    try:
        if skin is Skin.v2:
            size = media.header_bytes(content_type)
            return _tensors(matrix, body, size) if size is not None else None
        if media.kind_of(content_type) != media.NPY:
            return None
        head = npy.read_header(body)
        if head.is_fortran or not isinstance(head.descr, str):
            return None
        array = np.frombuffer(body, np.dtype(head.descr), offset=head.offset)
        found = matrix.of_array(array.reshape(head.shape))
    except Exception:
        return None  # a call that cannot be read must never take its worker's others with it
    return None if found is None else (found, None)


def _tensors(matrix: Matrix, body: bytes, size: int) -> Ready | None:
    parsed = orjson.loads(body[:size])
    request_id = parsed.get("id")
    if any(name != "binary_data_output" for name in parsed.get("parameters") or {}):
        return None
    if request_id is not None and type(request_id) is not str:
        return None
    at = size
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for entry in parsed["inputs"]:
        length = entry["parameters"]["binary_data_size"]
        if type(length) is not int or length < 0 or "data" in entry or entry["name"] in arrays:
            return None
        part = np.frombuffer(body[at : at + length], _DTYPES[entry["datatype"]])
        arrays[entry["name"]] = part.reshape(entry["shape"])
        at += length
    if at != len(body) or any(-1 in entry["shape"] for entry in parsed["inputs"]):
        return None
    found = _matrix(matrix, arrays)
    return None if found is None else (found, request_id)


def _matrix(matrix: Matrix, arrays: dict[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any] | None:
    name, first = next(iter(arrays.items()))
    if len(arrays) == 1 and name not in matrix.names:
        return matrix.of_array(first)
    sound = all(
        part.ndim == 1 or (part.ndim == 2 and part.shape[1] == 1) for part in arrays.values()
    )
    return matrix.of_columns({one: part.ravel() for one, part in arrays.items()}) if sound else None
