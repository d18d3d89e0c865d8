"""Models and sums of columns together, as bytes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import orjson

from modelyard_server.kernel.lazily import lazily

from .grid import Floats
from .joint import Cloud, Model, Sums
from .joint_columns import Encoded, Vector

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


def pack_model(model: Model) -> bytes:
    """Write a model as bytes."""
    return zlib.compress(orjson.dumps(model, option=orjson.OPT_SERIALIZE_NUMPY), 1)


def unpack_model(packed: bytes) -> Model:
    """Read a model back."""
    raw = orjson.loads(zlib.decompress(packed))
    columns = [Encoded(**one) for one in raw["columns"]]
    pairs = raw["pairs"]
    return Model(
        columns=columns,
        components=_array(raw["components"]).reshape(-1, len(columns)),
        explained=raw["explained"],
        error=raw["error"],
        spread=raw["spread"],
        rows=raw["rows"],
        pairs=Sums(
            rows=pairs["rows"], pairs=None if pairs["pairs"] is None else _array(pairs["pairs"])
        ),
        clouds=[_cloud(one) for one in raw["clouds"]],
        left_out=raw["left_out"],
    )


def pack_sums(sums: Sums) -> bytes:
    """Write what is needed beside rows and errors."""
    pairs = b"" if sums.pairs is None else np.asarray(sums.pairs, dtype="<f4").tobytes()
    parts = [len(pairs).to_bytes(4, "little"), pairs]
    for n, total in sums.middles:
        parts += [n.to_bytes(8, "little"), np.asarray(total, dtype="<f8").tobytes()]
    return zlib.compress(b"".join(parts), 1)


def unpack_sums(model: Model, packed: bytes, sums: Sums) -> Sums:
    """Read it back into sums that know their rows and errors already."""
    raw = zlib.decompress(packed)
    at = 4 + int.from_bytes(raw[:4], "little")
    if at > 4:
        width = len(model.paired)
        found = np.frombuffer(raw[4:at], dtype="<f4").astype(np.float64)
        sums.pairs = found.reshape(4, width, width)
    for cloud in model.clouds:
        size = 8 * cloud.vector.dimensions
        n = int.from_bytes(raw[at : at + 8], "little")
        sums.middles.append((n, np.frombuffer(raw[at + 8 : at + 8 + size], dtype="<f8")))
        at += 8 + size
    return sums


def _cloud(raw: dict[str, Any]) -> Cloud:
    return Cloud(
        Vector(**raw["vector"]),
        _array(raw["middle"]),
        raw["variance"],
        raw["freedom"],
        raw["rows"],
    )


def _array(values: Any) -> Floats:
    return np.array(values, dtype=np.float64)
