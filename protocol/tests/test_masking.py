"""Values of environment variables in what is told about a model."""

from modelyard_protocol.masking import Mask, MaskedStream

KEY = "-----BEGIN KEY-----\nc2VjcmV0c2VjcmV0\n-----END KEY-----\n"


def test_values_are_told_by_their_names_and_short_ones_as_they_are() -> None:
    mask = Mask({"TOKEN": "hunter2-hunter2", "KEY": KEY, "RATE": "2.5", "LONGER": "hunter2-hunter"})
    said = "hunter2-hunter2 at 2.5, hunter2-hunter and c2VjcmV0c2VjcmV0"
    assert mask.text(said) == "[TOKEN] at 2.5, [LONGER] and [KEY]"
    assert mask.data(said.encode()) == b"[TOKEN] at 2.5, [LONGER] and [KEY]"
    assert not Mask({"RATE": "2.5"})


def test_a_value_that_comes_in_pieces_is_hidden_and_nothing_is_lost() -> None:
    stream = MaskedStream(Mask({"TOKEN": "hunter2-hunter2"}))
    told = [stream.feed(piece) for piece in (b"one\nhunter2-", b"hunter2 two\nthr", b"ee")]
    assert [*told, stream.rest()] == [b"one\n", b"[TOKEN] two\n", b"", b"three"]
    endless = stream.feed(b"x" * 100_000)
    assert len(endless) == 100_000


def test_without_anything_to_hide_nothing_waits() -> None:
    assert MaskedStream(Mask({})).feed(b"no end of line") == b"no end of line"
