"""Which configuration is picked for a version, and what is refused."""

import uuid
from dataclasses import replace

import pytest

from modelyard_server.deployments import choosing
from modelyard_server.deployments.errors import ConfigurationRefused, TooOften
from modelyard_server.deployments.limits import MovingWindow
from modelyard_server.deployments.ports import Outlook
from modelyard_server.deployments.schemas import ServingConfig
from modelyard_server.registry.service import RegisteredVersion

VERSION = RegisteredVersion(
    id=uuid.uuid4(),
    model_id=uuid.uuid4(),
    model_name="churn",
    version=1,
    status="READY",
    status_message=None,
    run_id=None,
    source="runs:/x/model",
    digest="ab",
    size_bytes=4096,
    framework="sklearn",
    flavors=["python_function", "sklearn"],
    signature={"inputs": [{"name": "x"}]},
    input_example={"x": 1},
    requirements=["scikit-learn==1.9.1"],
    python_version=None,
    reference_prediction=[1],
    reference_source="package",
    is_sample=False,
)


@pytest.mark.parametrize(
    ("flavors", "engine", "confidence"),
    [
        (["python_function", "sklearn"], "sklearn", "high"),
        (["xgboost", "python_function"], "xgboost", "high"),
        (["python_function", "onnx"], "onnx", "high"),
        (["python_function", "lightgbm"], "python", "medium"),
        (["lightgbm"], "python", "low"),
    ],
)
def test_engine_follows_the_flavors(flavors: list[str], engine: str, confidence: str) -> None:
    choice = choosing.choose(replace(VERSION, flavors=flavors))
    assert (choice.config.engine, choice.confidence) == (engine, confidence)
    assert {reason.field for reason in choice.reasons} >= {"engine", "memory_gb", "environment"}
    assert engine not in {other.engine for other in choice.alternatives}


def test_memory_grows_with_the_model() -> None:
    small = choosing.choose(VERSION).config.memory_gb
    large = choosing.choose(replace(VERSION, size_bytes=2**30)).config.memory_gb
    assert small < 1 < 4 < large


def test_memory_is_explained_in_a_unit_that_fits_a_small_model() -> None:
    reasons = {reason.field: reason.text for reason in choosing.choose(VERSION).reasons}
    assert reasons["memory_gb"].endswith("four times the model's 4.0 KB.")


@pytest.mark.parametrize(
    ("outlook", "says"),
    [
        ("platform", "Reuses the platform's environment"),
        ("cached", "built before"),
        ("new", "when it is deployed"),
    ],
)
def test_the_environment_is_described_as_what_it_will_be(outlook: Outlook, says: str) -> None:
    reasons = {reason.field: reason.text for reason in choosing.choose(VERSION, outlook).reasons}
    assert says in reasons["environment"]


def test_what_is_missing_is_warned_about() -> None:
    bare = replace(VERSION, signature={}, input_example=None, requirements=[])
    choice = choosing.choose(bare)
    assert len(choice.warnings) == 3
    assert choice.confidence == "medium"


@pytest.mark.parametrize("change", [{"engine": "xgboost"}, {"engine": "magic"}, {"gpu": 1}])
def test_a_configuration_that_cannot_serve_is_refused(change: dict[str, object]) -> None:
    config = ServingConfig(engine="sklearn", cpu=1, memory_gb=1).model_copy(update=change)
    with pytest.raises(ConfigurationRefused):
        choosing.checked(VERSION, config)


def test_a_moving_window_refuses_one_too_many_and_forgets() -> None:
    window = MovingWindow(limit=2, seconds=60)
    window.hit("ada", now=0)
    window.hit("ada", now=30)
    window.hit("bob", now=30)
    with pytest.raises(TooOften) as refused:
        window.hit("ada", now=59)
    assert refused.value.retry_after_seconds == 2
    window.hit("ada", now=60.1)
