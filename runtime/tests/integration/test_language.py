"""A language model behind a real node, asked with OpenAI's own client."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from tests.make import access_tokens
from tests.make.language import a_language_model
from tests.make.nodes import SECRET, RunningNode, a_key, a_node, a_route, a_server

from modelyard_protocol.records import Prediction, Tokens
from modelyard_protocol.routing import Language, Route

MESSAGES: Any = [{"role": "user", "content": "quite secret words"}]
SERVER = "a" * 32


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("language")
    a_language_model(folder / "nonsense.gguf", context=2048)
    return folder


def _route(package: Path, **changes: Any) -> Route:
    keys = (
        a_key(),
        a_key("slow", requests_per_minute=1),
        a_key("other", scopes=("feedback",)),
        a_key("short", tokens_per_month=100),
    )
    facts = {"model": "nonsense", "language": Language(), "sample_rate": 1.0, "keys": keys}
    return a_route(package, {SERVER: 100}, **facts | changes)


@pytest.fixture(scope="module")
def node(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with a_node(tmp_path_factory.mktemp("node")) as node:
        node.oauth = access_tokens.trust(access_tokens.a_client())
        node.want([a_server(package, SERVER, engine="llama.cpp")], [_route(package)])
        node.start()
        node.wait_ready()
        yield node


def _client(node: RunningNode, key: str = "pub") -> openai.OpenAI:
    http = httpx.Client(trust_env=False)
    return openai.OpenAI(
        base_url=f"{node.address}/v1",
        api_key=f"myk_{key}_{SECRET}",
        max_retries=0,
        timeout=60,
        http_client=http,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def client(node: RunningNode) -> openai.OpenAI:
    return _client(node)


def _counted(node: RunningNode) -> list[Tokens]:
    return [one for one in node.records() if isinstance(one, Tokens)]


def _calls(node: RunningNode) -> list[Prediction]:
    return [one for one in node.records() if isinstance(one, Prediction)]


def test_whole_and_streamed_chat_say_the_same_and_count_the_same_tokens(
    client: openai.OpenAI,
) -> None:
    asked: Any = {"model": "nonsense", "messages": MESSAGES, "max_tokens": 12, "temperature": 0}
    whole = client.chat.completions.create(**asked)
    choice = whole.choices[0]
    assert (choice.finish_reason, choice.message.role, whole.model) == (
        "length",
        "assistant",
        "nonsense",
    )
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 12
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 12

    events = [*client.chat.completions.create(**asked, stream=True)]
    said = "".join(event.choices[0].delta.content or "" for event in events)
    assert said == choice.message.content
    assert all(event.usage is None for event in events)
    assert events[-1].choices[0].finish_reason == "length"

    told = client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    )
    last = [*told][-1]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.prompt_tokens == whole.usage.prompt_tokens
    assert last.usage.completion_tokens == 12


def test_completions_and_embeddings_and_models(client: openai.OpenAI) -> None:
    said = client.completions.create(model="model", prompt="Once", max_tokens=5)
    assert said.choices[0].finish_reason in {"length", "stop"}  # its weights are random
    assert said.usage is not None
    assert 1 <= said.usage.completion_tokens <= 5
    found = client.embeddings.create(model="nonsense", input=["one", "another"])
    assert [len(one.embedding) for one in found.data] == [64, 64]
    assert found.usage.prompt_tokens == found.usage.total_tokens > 0
    assert [model.id for model in client.models.list()] == ["nonsense"]


def test_a_schema_binds_the_answer(client: openai.OpenAI) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    schema["additionalProperties"] = False
    said = client.chat.completions.create(
        model="nonsense",
        messages=MESSAGES,
        max_tokens=100,
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
    )
    assert set(json.loads(said.choices[0].message.content or "")) == {"a"}


@pytest.mark.parametrize(
    ("more", "error", "param", "code"),
    [
        ({"n": 2}, openai.BadRequestError, "n", "inference.unsupported"),
        ({"logprobs": True}, openai.BadRequestError, "logprobs", "inference.unsupported"),
        ({"temperature": 3}, openai.BadRequestError, "temperature", "inference.invalid_value"),
        ({"model": "gpt-4o"}, openai.NotFoundError, "model", "inference.model_not_found"),
        (
            {"messages": [{"role": "user", "content": "word " * 5000}]},
            openai.BadRequestError,
            "messages",
            "inference.context_exceeded",
        ),
    ],
)
def test_what_is_not_done_is_refused_as_openai_does(
    client: openai.OpenAI, more: Any, error: type[openai.APIStatusError], param: str, code: str
) -> None:
    for is_stream in (False, True):
        asked: Any = {"model": "nonsense", "messages": MESSAGES, "stream": is_stream, **more}
        with pytest.raises(error) as refused:
            client.chat.completions.create(**asked)
        assert (refused.value.param, refused.value.code) == (param, code)


def test_keys_scopes_and_limits_hold_here_too(node: RunningNode) -> None:
    asked: Any = {"model": "nonsense", "prompt": "a", "max_tokens": 1}
    with pytest.raises(openai.AuthenticationError, match="No endpoint opens"):
        _client(node, "nobody").completions.create(**asked)
    with pytest.raises(openai.PermissionDeniedError):
        _client(node, "other").completions.create(**asked)
    by_token = _client(node).with_options(api_key=access_tokens.a_token())
    assert by_token.completions.create(**asked).choices
    with pytest.raises(openai.AuthenticationError, match="expired"):
        by_token.with_options(api_key=access_tokens.a_token(exp=1)).completions.create(**asked)
    slow = _client(node, "slow")

    def spend() -> None:
        for _ in range(3):  # a minute may begin in between
            slow.completions.create(**asked)

    with pytest.raises(openai.RateLimitError) as refused:
        spend()
    assert int(refused.value.response.headers["retry-after"]) >= 1


def test_a_key_with_few_tokens_a_month_has_them_once_also_after_a_restart(
    node: RunningNode,
) -> None:
    short = _client(node, "short")
    asked: Any = {"model": "nonsense", "messages": MESSAGES, "temperature": 0}

    def use(tokens: int) -> int:
        said = short.chat.completions.create(**asked, max_tokens=tokens)
        assert said.usage is not None
        return said.usage.total_tokens

    def told(state: dict[str, Any]) -> int:
        return int(state["month_tokens"].get("short", 0))

    used = use(1)
    node.wait_until(lambda state: told(state) == used)
    while used < 100:  # the last one may write beyond what was left
        used += use(10)
    with pytest.raises(openai.RateLimitError) as refused:
        use(1)
    assert refused.value.code == "inference.tokens_used"
    assert int(refused.value.response.headers["retry-after"]) >= 1
    node.wait_until(lambda state: told(state) == used)
    node.end(signal.SIGKILL)
    node.start()
    node.wait_ready()
    with pytest.raises(openai.RateLimitError):
        use(1)
    assert told(node.observed()) == used


def test_a_caller_who_leaves_stops_the_model_and_pays_for_what_it_wrote(
    node: RunningNode, client: openai.OpenAI
) -> None:
    asked: Any = {"model": "nonsense", "messages": MESSAGES, "temperature": 0}

    def is_left(_: object) -> bool:  # a model may also end by itself before its caller has left
        with client.chat.completions.create(**asked | {"temperature": 1}, stream=True) as events:
            for _, event in zip(range(2), events, strict=False):
                assert event.choices
        return 499 in [one.status for one in _calls(node)]

    node.wait_until(is_left)
    # The slots are free again: as many calls as there are slots are answered at once.
    for _ in range(3):
        client.chat.completions.create(**asked, max_tokens=2)


def test_tokens_are_counted_by_key_and_no_text_is_on_disk(
    node: RunningNode, client: openai.OpenAI
) -> None:
    def tokens() -> int:
        own = [one for one in _counted(node) if one.key_id == "pub"]
        return sum(one.prompt + one.completion for one in own)

    before = tokens()
    said = client.chat.completions.create(
        model="nonsense",
        messages=[{"role": "user", "content": "words that nobody else says"}],
        max_tokens=7,
        temperature=0,
    )
    assert said.usage is not None
    total = said.usage.total_tokens
    node.wait_until(lambda _: tokens() >= before + total)
    text = (said.choices[0].message.content or "").encode()
    for path in node.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"words that nobody else says" not in content, path
            assert text not in content, path


def test_texts_are_recorded_where_somebody_asked_for_it(
    node: RunningNode, package: Path, client: openai.OpenAI
) -> None:
    rules = Language(keeps_prompt=True, keeps_response=True)
    before = node.observed()["generation"]
    node.want([a_server(package, SERVER, engine="llama.cpp")], [_route(package, language=rules)])
    node.wait_until(lambda state: state["generation"] > before)
    said = client.chat.completions.create(model="nonsense", messages=MESSAGES, max_tokens=3)
    text = said.choices[0].message.content

    def is_kept() -> bool:
        return any(json.loads(one.response or "{}").get("response") == text for one in _good(node))

    node.wait_until(lambda _: is_kept())
    kept_prompt = json.loads(_good(node)[-1].request or "{}")["prompt"]
    assert "quite secret words" in kept_prompt
    kept = node.observed()["generation"]
    node.want([a_server(package, SERVER, engine="llama.cpp")], [_route(package)])
    node.wait_until(lambda state: state["generation"] > kept)


def _good(node: RunningNode) -> list[Prediction]:
    return [call for call in _calls(node) if call.status == 200 and call.response]
