import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_runtime import wire
from modelyard_runtime.wire import Kind


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(Kind), st.binary(max_size=50))),
    st.integers(1, 40),
)
def test_frames_survive_any_cut_of_the_stream(
    frames: list[tuple[int, Kind, bytes]], size: int
) -> None:
    stream = b"".join(wire.pack(*frame) for frame in frames)
    reader = wire.Reader()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [frame for piece in pieces for frame in reader.feed(piece)] == frames


def test_call_and_answer_are_read_back() -> None:
    reader = wire.Reader()
    sent = wire.pack_call(3, {"skin": "v2"}, b"body") + wire.pack_answer(3, 422, 2**40, b"told")
    (_, _, call), (number, kind, answer) = reader.feed(sent)
    assert wire.read_call(call) == ({"skin": "v2"}, b"body")
    assert (number, kind) == (3, Kind.answer)
    assert wire.read_answer(answer) == (422, 2**32 - 1, b"told")


def test_foreign_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="not possible"):
        list(wire.Reader().feed(b"\xff" * 9))
