import json

import pytest

from modelyard_protocol.answers import decode_predictions, encode
from modelyard_protocol.language import LANGUAGE
from modelyard_protocol.package import Signature
from modelyard_protocol.records import Skin


def test_predict_and_invocations_give_their_list() -> None:
    assert decode_predictions(Skin.predict, b'{"predictions": [1, 0]}') == [1, 0]
    assert decode_predictions(Skin.invocations, '{"predictions": [[0.5]]}') == [[0.5]]


def test_flat_v2_tensor_is_cut_into_rows() -> None:
    body = b'{"outputs": [{"shape": [2, 2], "data": [1, 2, 3, 4]}]}'
    assert decode_predictions(Skin.v2, body) == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "body", [b"[]", b'{"outputs": []}', b'{"outputs": [{"shape": [2], "data": [1, 2, 3]}]}', b"{"]
)
def test_foreign_body_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        decode_predictions(Skin.v2, body)


@pytest.mark.parametrize("skin", [skin for skin in Skin if skin not in LANGUAGE])
@pytest.mark.parametrize("predictions", [[1, 0], [0.5, 1.5], ["a", "b"], [[1.0, 2.0], [3.0, 4.0]]])
def test_what_is_encoded_is_read_back(skin: Skin, predictions: list[object]) -> None:
    answer = encode(
        skin, predictions, prediction_id="p", model="m", version=3, signature=Signature()
    )
    assert decode_predictions(skin, answer) == predictions


def test_v2_answer_of_a_table_has_one_tensor_per_column() -> None:
    rows = [{"label": "x", "score": 0.25}, {"label": "y", "score": 1.0}]
    raw = encode(Skin.v2, rows, prediction_id="p", model="m", version=3, signature=Signature())
    label, score = json.loads(raw)["outputs"]
    assert label == {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["x", "y"]}
    assert score == {"name": "score", "datatype": "FP64", "shape": [2], "data": [0.25, 1.0]}
