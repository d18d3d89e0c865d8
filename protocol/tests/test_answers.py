import pytest

from modelyard_protocol.answers import decode_predictions
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
