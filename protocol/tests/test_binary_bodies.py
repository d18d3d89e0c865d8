"""Bodies that are not JSON, against the libraries that write them."""

import io
import random
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest

from modelyard_protocol import answer_forms, arrow, arrow_writer, media, npy, v2
from modelyard_protocol.inference import InvalidRows, read_request
from modelyard_protocol.media import Form
from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin

TABLE = Signature(
    inputs=(
        Column(name="a", dtype=DType.double),
        Column(name="n", dtype=DType.long),
        Column(name="s", dtype=DType.string, required=False),
        Column(name="f", dtype=DType.double, required=False),
    )
)
COLUMNS = {"a": [1.5, -2.0], "n": [3, 4], "s": ["é", None], "f": [None, 0.5]}
ARROW_TYPES = pa.schema(
    [("a", pa.float64()), ("n", pa.int16()), ("s", pa.string_view()), ("f", pa.float32())]
)


def stream(table: pa.Table, rows: int = 1, **options: Any) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return out.getvalue()


def saved(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def tensors(**arrays: Any) -> tuple[str, bytes]:
    """Write a binary v2 request as Triton's client does; give its type and body."""
    names = {
        "float64": "FP64",
        "float32": "FP32",
        "int64": "INT64",
        "int8": "INT8",
        "object": "BYTES",
    }
    entries, blocks = [], []
    for name, array in arrays.items():
        block = array.tobytes()
        if array.dtype == object:
            texts = [str(value).encode() for value in array]
            block = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
        parameters = {"binary_data_size": len(block)}
        entry = {"name": name, "shape": list(array.shape), "datatype": names[str(array.dtype)]}
        entries.append({**entry, "parameters": parameters})
        blocks.append(block)
    head = orjson.dumps({"id": "mine", "inputs": entries})
    return media.binary_media(len(head)), head + b"".join(blocks)


def test_every_form_gives_the_same_columns() -> None:
    table = pa.table(COLUMNS, schema=ARROW_TYPES)
    kinds = [("a", "f8"), ("n", ">i4"), ("s", "U3"), ("f", "f8")]
    rows = np.array([(1.5, 3, "é", np.nan), (-2.0, 4, "", 0.5)], dtype=kinds)
    asked = tensors(
        a=np.array([1.5, -2.0]),
        n=np.array([[3], [4]]),
        s=np.array(["é", ""], dtype=object),
        f=np.array([np.nan, 0.5], dtype="float32"),
    )
    in_arrow = read_request(Skin.predict, media.ARROW, stream(table), TABLE)
    coded = table.set_column(2, "s", table["s"].cast(pa.string()).dictionary_encode())
    in_codes = read_request(Skin.invocations, media.ARROW, stream(coded), TABLE)
    in_npy = read_request(Skin.predict, media.NPY, saved(rows), TABLE)
    in_v2 = read_request(Skin.v2, *asked, TABLE)
    assert in_arrow.columns == in_codes.columns == COLUMNS
    assert in_npy.columns == in_v2.columns == {**COLUMNS, "s": ["é", ""]}
    assert in_v2.id == "mine"


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "i2", "u1", "f2"])
def test_arrays_of_any_number_type_are_read(dtype: str, order: Any) -> None:
    array = np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype, order=order)
    signature = Signature(inputs=tuple(Column(name=n, dtype=DType.double) for n in "xyz"))
    columns = read_request(Skin.predict, media.NPY, saved(array), signature).columns
    assert columns == {"x": [1, 4], "y": [2, 5], "z": [3, 6]}


@pytest.mark.parametrize(
    ("kind", "sent", "words"),
    [
        (media.NPY, b"x", "begin like"),
        (media.NPY, saved(np.array([None])), "numbers and texts"),
        (media.NPY, saved(np.zeros((2, 3))), "4 values"),
        (media.NPY, saved(np.zeros((2, 4)))[:-1], "bytes, got"),
        (media.NPY, saved(np.full((2, 4), np.nan)), "row 0, column 'a': the number must be finite"),
        (media.ARROW, b"no stream at all", "not an Arrow stream"),
        (media.ARROW, b"", "no schema"),
        (media.ARROW, stream(pa.table({"a": ["x"]})), "column 'n'"),
        (media.ARROW, stream(pa.table({"a": pa.array([{"b": 1}])})), "column 'a'.*struct"),
        (media.ARROW, stream(pa.table(COLUMNS), compression="zstd"), "without compression"),
        ("application/octet-stream;header=9", b"{}", "9 bytes"),
        (tensors(a=np.zeros(1))[0], tensors(a=np.zeros(1))[1] + b"x", "8 bytes of binary"),
    ],
)  # fmt: skip
def test_damaged_or_unfit_bodies_are_refused_with_a_reason(
    kind: str, sent: bytes, words: str
) -> None:
    skin = Skin.v2 if kind.startswith(media.BINARY) else Skin.predict
    with pytest.raises(InvalidRows, match=words):
        read_request(skin, kind, sent, TABLE)


def test_a_long_shape_without_bytes_is_refused_before_anything_is_made() -> None:
    head = (
        b'{"inputs":[{"name":"a","shape":[9999999999],"datatype":"BYTES",'
        b'"parameters":{"binary_data_size":0}}]}'
    )
    with pytest.raises(InvalidRows, match="needs 9999999999 values"):
        read_request(Skin.v2, media.binary_media(len(head)), head, TABLE)
    nulls = stream(pa.table({"a": pa.nulls(2_000_000)}), 2_000_000)
    with pytest.raises(InvalidRows, match="more than 1000000 rows"):
        read_request(Skin.predict, media.ARROW, nulls, TABLE)


def test_flipped_bytes_are_refused_or_read_but_never_anything_else() -> None:
    chance = random.Random(7)
    table = pa.table({**COLUMNS, "l": [[1, 2], []], "d": pa.array(["x", "y"]).dictionary_encode()})
    bodies = {media.ARROW: stream(table), media.NPY: saved(np.zeros((2, 3)))}
    for kind, whole in bodies.items():
        for _ in range(1500):
            body = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            try:
                arrow.read(bytes(body)) if kind == media.ARROW else npy.read(bytes(body))
            except (arrow.ArrowError, npy.NpyError):
                continue


def test_answers_are_what_the_libraries_read() -> None:
    numbers = orjson.dumps({"predictions": [[0.25, 1], [0.5, 2]]})
    objects = orjson.dumps({"predictions": [{"label": "a,b", "p": 1}, {"label": None, "p": 0.5}]})

    def written(form: Form, document: bytes) -> bytes:
        return answer_forms.written(form, Skin.predict, document, Signature())

    assert np.load(io.BytesIO(written(Form.npy, numbers))).tolist() == [[0.25, 1], [0.5, 2]]
    read = pa.ipc.open_stream(written(Form.arrow, objects)).read_all()
    read.validate(full=True)
    assert read.to_pydict() == {"label": ["a,b", None], "p": [1.0, 0.5]}
    listed = pa.ipc.open_stream(written(Form.arrow, numbers)).read_all()
    assert listed.to_pydict() == {"prediction": [[0.25, 1.0], [0.5, 2.0]]}
    assert written(Form.csv, objects) == b'label,p\r\n"a,b",1\r\n,0.5\r\n'
    with pytest.raises(answer_forms.NoSuchForm):
        written(Form.npy, objects)


def test_what_is_written_in_arrow_is_read_back() -> None:
    columns = {"i": [1, None], "b": [True, False], "s": ["x", "é"], "l": [[1.0], [2.0]]}
    assert arrow.read(arrow_writer.write(columns, 2)) == columns


def test_outputs_are_chosen_and_written_as_bytes() -> None:
    document = orjson.dumps(
        {"id": "1", "outputs": [
            {"name": "p", "datatype": "FP64", "shape": [2], "data": [0.5, None]},
            {"name": "s", "datatype": "BYTES", "shape": [1], "data": ["é"]},
        ]}
    )  # fmt: skip
    wish = v2.wanted(b'{"outputs":[{"name":"p","parameters":{"binary_data":true}}]}')
    assert wish is not None
    body, head = v2.answer(document, wish)
    assert head is not None
    assert np.isnan(np.frombuffer(body[head:])[1])
    assert [output["name"] for output in orjson.loads(body[:head])["outputs"]] == ["p"]
    everything = v2.wanted(b'{"parameters":{"binary_data_output":true}}')
    assert everything is not None
    assert v2.answer(document, everything)[0].endswith("\x02\x00\x00\x00é".encode())
    with pytest.raises(v2.UnknownOutput):
        v2.answer(document, v2.Wanted(("q",)))
    assert v2.wanted(b'{"inputs":[]}') is None


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, Form.json), ("*/*", Form.json), ("text/csv, */*;q=0.1", Form.csv),
        ("application/x-npy;q=0.5, application/json;q=0.4", Form.npy), ("text/html", None),
        ("application/vnd.apache.arrow.stream", Form.arrow), ("text/csv;q=0", None),
    ],
)  # fmt: skip
def test_the_answer_has_the_form_a_caller_prefers(accept: str | None, form: Form | None) -> None:
    assert media.answer_form(Skin.predict, accept) == form


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((-1, 8, 6, 3), (8, 6, 3, False)), ((-1, 3, 8, 6), (8, 6, 3, True)),
        ((-1, 28, 28), (28, 28, 0, False)), ((-1, 28), None), ((-1, -1, -1, 3), None),
        ((-1, 10, 2), None),
    ],
)  # fmt: skip
def test_only_tensors_that_must_be_images_take_images(shape: Any, found: Any) -> None:
    column = Column(name="x", dtype=DType.float, shape=shape)
    assert media.image_shape(Signature(inputs=(column,))) == found
