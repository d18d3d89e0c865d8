"""A GGUF file alone, from upload to chat; tokens counted, texts kept only where asked for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.make.installation import Installation, an_installation, wait_for
from tests.make.journey import Member, an_owner
from tests.make.language import a_language_model

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
MESSAGES: Any = [{"role": "user", "content": "quite secret words"}]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with an_installation(tmp_path_factory.mktemp("installation")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(installation: Installation) -> Member:
    return an_owner(installation)


def _register(owner: Member, file: Path) -> str:
    """Log a file with a run and register it, as MLflow's client does; give the model's id."""
    http = httpx.Client(
        base_url=f"{owner.installation.url}/api/2.0",
        headers={"Authorization": f"Bearer {owner.token}"},
        timeout=60,
    )
    made = http.post("/mlflow/runs/create", json={"experiment_id": "0"}).json()
    run = made["run"]["info"]
    root = run["artifact_uri"].removeprefix("mlflow-artifacts:").strip("/")
    path = f"/mlflow-artifacts/artifacts/{root}/llm/{file.name}"
    assert http.put(path, content=file.read_bytes()).status_code == 200
    http.post("/mlflow/registered-models/create", json={"name": "nonsense"})
    version = http.post(
        "/mlflow/model-versions/create",
        json={"name": "nonsense", "source": f"runs:/{run['run_id']}/llm"},
    )
    assert version.status_code == 200, version.text
    return str(owner.model("nonsense")["id"])


def test_a_gguf_file_is_deployed_and_speaks(
    owner: Member, installation: Installation, tmp_path: Path
) -> None:
    model_id = _register(owner, a_language_model(tmp_path / "nonsense.gguf", context=2048))
    plan = owner.post("/serving/auto-config", {"model_id": model_id, "version": 1})
    assert (plan["engine"], plan["is_runnable"], plan["format"]) == ("llama.cpp", True, "gguf")
    deployment = owner.deploy("nonsense")
    steps = {step["name"]: step for step in deployment["live_revision"]["steps"]}
    assert "llama.cpp itself" in steps["verify"]["detail"]

    client = openai.OpenAI(
        base_url=f"{deployment['url']}/v1",
        api_key=owner.a_key(deployment["id"]),
        http_client=httpx.Client(trust_env=False),  # type: ignore[arg-type]
    )
    asked: Any = {"model": "nonsense", "messages": MESSAGES, "max_tokens": 9, "temperature": 0}
    said = client.chat.completions.create(**asked)
    streamed = [*client.chat.completions.create(**asked, stream=True)]
    text = "".join(event.choices[0].delta.content or "" for event in streamed)
    assert text == said.choices[0].message.content
    assert said.usage is not None
    tried = owner.post(
        f"/deployments/{deployment['id']}/try",
        {"path": "v1/chat/completions", "body": {**asked, "max_tokens": 2}},
    )
    assert (tried["status"], tried["body"]["usage"]["completion_tokens"]) == (200, 2)

    body = {**asked, "stream": True, "stream_options": {"include_usage": True}}
    with owner.http.stream(
        "POST", f"/deployments/{deployment['id']}/try/stream", json={"body": body}
    ) as passed_on:
        events = [line for line in passed_on.iter_lines() if line.startswith("data: {")]
    pieces = [json.loads(line[6:])["choices"] for line in events]
    assert "".join(one[0]["delta"].get("content") or "" for one in pieces if one) == text

    counted = f"/deployments/{deployment['id']}/tokens"
    wait_for(lambda: owner.get(counted)["ever"]["calls"] == 2, 60, lambda: str(owner.get(counted)))
    found = owner.get(counted)
    assert found["ever"]["completion"] == found["total"]["completion"] == 18
    assert found["ever"]["prompt"] == 2 * said.usage.prompt_tokens
    assert [one["name"] for one in found["by_key"]] == ["test"]
    bearer = {"Authorization": f"Bearer {owner.token}"}
    metrics = httpx.get(f"{owner.installation.url}/metrics", headers=bearer, timeout=60).text
    assert 'kind="completion"} 18' in metrics

    logged = owner.get(f"/deployments/{deployment['id']}/predictions")["items"]
    assert {(one["skin"], one["inputs"], one["outputs"]) for one in logged} == {
        ("chat", None, None)
    }
    for path in installation.folder.rglob("*"):
        if path.is_file() and "environments" not in path.parts:
            assert b"quite secret words" not in path.read_bytes(), path

    limited = {"name": "short", "tokens_per_month": said.usage.total_tokens}
    short = client.with_options(
        api_key=owner.post(f"/deployments/{deployment['id']}/keys", limited)["key"], max_retries=0
    )
    used = short.chat.completions.create(**asked).usage
    assert used is not None

    def told() -> int | None:
        keys = owner.get(f"/deployments/{deployment['id']}/keys")
        return next(one["tokens_this_month"] for one in keys if one["name"] == "short")

    wait_for(lambda: told() == used.total_tokens, 60, lambda: str(told()))
    with pytest.raises(openai.RateLimitError) as refused:
        short.chat.completions.create(**asked)
    assert refused.value.code == "inference.tokens_used"

    kept = owner.http.put(
        f"/deployments/{deployment['id']}/capture",
        json={"columns": {"prompt": "hash", "response": "store"}},
    )
    columns = {one["name"]: one["keep"] for one in kept.json()["columns"]}
    assert columns == {"prompt": "hash", "response": "store"}

    def is_kept() -> bool:
        client.chat.completions.create(**asked)
        calls = owner.get(f"/deployments/{deployment['id']}/predictions")["items"]
        return any(one["outputs"] == [text] for one in calls)

    wait_for(is_kept, 60, lambda: "The answer was not kept.")
    newest = owner.get(f"/deployments/{deployment['id']}/predictions")["items"][0]
    assert "quite secret words" not in str(newest["inputs"])
    assert newest["inputs"][0]["prompt"]
