"""Binary bodies read at once are what the full decoder reads."""

import io
import json
from typing import Any

import numpy as np
import pytest

from modelyard_protocol import media
from modelyard_protocol.inference import read_request
from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin
from modelyard_runtime.fast import arrays
from modelyard_runtime.fast.matrices import Matrix

SIGNATURE = Signature(
    inputs=(
        Column(name="a", dtype=DType.double),
        Column(name="n", dtype=DType.long),
        Column(name="f", dtype=DType.float),
    )
)
MATRIX = Matrix(SIGNATURE)
ROWS = np.array([[1.5, 2, 0.25], [-3.0, 4, 1e30]])


def binary(parts: dict[str, Any], **more: Any) -> tuple[str, bytes]:
    names = {"float64": "FP64", "float32": "FP32", "int64": "INT64", "int16": "INT16"}
    entries = [
        {
            "name": name,
            "shape": list(part.shape),
            "datatype": names[str(part.dtype)],
            "parameters": {"binary_data_size": part.nbytes},
        }
        for name, part in parts.items()
    ]
    head = json.dumps({"inputs": entries, **more}).encode()
    return media.binary_media(len(head)), head + b"".join(part.tobytes() for part in parts.values())


def saved(array: Any) -> tuple[str, bytes]:
    out = io.BytesIO()
    np.save(out, array)
    return media.NPY, out.getvalue()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        saved(ROWS),
        saved(ROWS.astype(">f8")),
        saved(np.array([[1, 2, 3]], dtype="i2")),
        binary({"rows": ROWS}, id="x", parameters={"binary_data_output": True}),
        binary({"f": ROWS[:, 2], "a": ROWS[:, :1], "n": ROWS[:, 1].astype("int16")}),
    ],
)
def test_the_matrix_is_the_full_decoders(kind: str, body: bytes) -> None:
    skin = Skin.v2 if kind.startswith(media.BINARY) else Skin.predict
    found = arrays.read(MATRIX, skin, kind, body)
    request = read_request(skin, kind, body, SIGNATURE)
    assert found is not None
    assert found[0].tolist() == MATRIX.from_request(request).tolist()
    assert found[1] == request.id


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        saved(ROWS.T),
        saved(np.asfortranarray(ROWS)),
        saved(np.array([[1.0, 2.5, 3.0]])),
        saved(np.array([[np.nan, 2.0, 3.0]])),
        saved(np.array([[1.0, 2.0, 1e300]])),
        saved(np.array([["x", "y", "z"]])),
        (media.NPY, saved(ROWS)[1][:-1]),
        (media.ARROW, b""),
        binary({"a": ROWS[:, 0], "n": ROWS[:, 1]}),
        binary({"rows": ROWS}, parameters={"p": 1}),
        (binary({"rows": ROWS})[0], binary({"rows": ROWS})[1] + b"x"),
    ],
)
def test_what_is_unusual_is_left_to_the_full_decoder(kind: str, body: bytes) -> None:
    skin = Skin.v2 if kind.startswith(media.BINARY) else Skin.predict
    assert arrays.read(MATRIX, skin, kind, body) is None


def test_a_body_without_inputs_is_left_to_the_full_decoder() -> None:
    assert arrays.read(MATRIX, Skin.v2, *binary({})) is None
