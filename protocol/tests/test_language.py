"""What of OpenAI's API is honoured, what is refused, and that nothing else passes unseen."""

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_protocol.language import Unfit, read
from modelyard_protocol.records import Skin

CHAT = {"messages": [{"role": "user", "content": "Hello"}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def _read(skin: Skin, body: dict[str, Any]) -> Any:
    return read(skin, orjson.dumps(body), {"assistant"})


def test_what_is_honoured_reaches_the_engine() -> None:
    asked = _read(
        Skin.chat,
        {
            "model": "assistant",
            "messages": [
                {"role": "developer", "content": "Be short."},
                {"role": "user", "content": [{"type": "text", "text": "Hel"}, _text("lo")]},
            ],
            "max_completion_tokens": 5,
            "stop": "end",
            "stream": True,
            "stream_options": {"include_usage": True},
            "n": 1,
            "logprobs": False,
            "user": "ada",
            "temperature": None,
        },
    )
    assert asked.payload == {
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Hello"},
        ],
        "max_tokens": 5,
        "stop": ["end"],
    }
    assert (asked.is_stream, asked.tells_usage) == (True, True)
    assert _read(Skin.completions, {"prompt": ["a"]}).payload == {"prompt": "a", "max_tokens": 16}
    assert _read(Skin.embeddings, {"input": "a"}).payload == {"input": ["a"]}


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("skin", "body", "param", "reason"),
    [
        (Skin.chat, {}, "messages", "missing"),
        (Skin.chat, {"messages": []}, "messages", "invalid_value"),
        (Skin.chat, {"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role", None),
        (
            Skin.chat,
            {"messages": [{"role": "assistant", "content": "a", "tool_calls": [1]}]},
            "messages[0].tool_calls",
            "unsupported",
        ),
        (
            Skin.chat,
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content",
            "unsupported",
        ),
        (Skin.chat, CHAT | {"tools": [{"type": "function"}]}, "tools", "unsupported"),
        (Skin.chat, CHAT | {"n": 2}, "n", "unsupported"),
        (Skin.chat, CHAT | {"logit_bias": {"1": 2}}, "logit_bias", "unsupported"),
        (Skin.chat, CHAT | {"store": True}, "store", "unsupported"),
        (Skin.chat, CHAT | {"top_k": 3}, "top_k", "unsupported"),
        (Skin.chat, CHAT | {"max_tokens": True}, "max_tokens", "invalid_value"),
        (Skin.chat, CHAT | {"stream_options": {}}, "stream_options", "invalid_value"),
        (Skin.chat, CHAT | {"response_format": {"type": "x"}}, "response_format", None),
        (Skin.chat, CHAT | {"model": "other"}, "model", "not_found"),
        (Skin.completions, {"prompt": ["a", "b"]}, "prompt", "unsupported"),
        (Skin.completions, {"prompt": "a", "echo": True}, "echo", "unsupported"),
        (Skin.embeddings, {"input": [1, 2]}, "input", "invalid_value"),
        (Skin.embeddings, {"input": "a", "dimensions": 3}, "dimensions", "unsupported"),
    ],
)
def test_what_is_not_done_is_refused_by_name(
    skin: Skin, body: dict[str, Any], param: str, reason: str | None
) -> None:
    with pytest.raises(Unfit) as refused:
        _read(skin, body)
    assert refused.value.param == param
    assert reason in (None, refused.value.reason)


@given(st.sampled_from([Skin.chat, Skin.completions, Skin.embeddings]), st.binary() | JSON)
def test_any_body_is_read_or_refused(skin: Skin, body: Any) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with suppress(Unfit):
        read(skin, raw, {"assistant"})


@given(st.dictionaries(st.sampled_from(["n", "model", "stop", "tools", "seed", "stream"]), JSON))
def test_any_value_of_a_field_is_read_or_refused(values: dict[str, Any]) -> None:
    with suppress(Unfit):
        read(Skin.chat, json.dumps(CHAT | values).encode(), {"assistant"})
