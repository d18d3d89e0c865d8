"""Which configuration is picked for a version, and what is refused."""

import uuid
from dataclasses import replace

import pytest

from modelyard_server.deployments import choosing, rules
from modelyard_server.deployments.errors import (
    ConfigurationRefused,
    EngineNotInstalled,
    NoCapacity,
)
from modelyard_server.deployments.ports import Machine, Outlook
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
MACHINE = Machine("amd64", cpus=8, memory_gb=32, free_memory_gb=24)
WITH_GPU = replace(MACHINE, gpus=1, gpu_memory_gb=24)
FULL = replace(MACHINE, free_memory_gb=0.1)


def _choose(version: RegisteredVersion = VERSION, outlook: Outlook = "new") -> choosing.Choice:
    return choosing.choose(version, MACHINE, outlook)


@pytest.mark.parametrize(
    ("flavors", "engine", "confidence"),
    [
        (["python_function", "sklearn"], "sklearn", "high"),
        (["xgboost", "python_function"], "xgboost", "high"),
        (["python_function", "onnx"], "onnx", "high"),
        (["python_function", "lightgbm"], "lightgbm", "high"),
        (["python_function", "catboost"], "python", "medium"),
        (["catboost"], "python", "low"),
    ],
)
def test_engine_follows_the_flavors(flavors: list[str], engine: str, confidence: str) -> None:
    choice = _choose(replace(VERSION, flavors=flavors))
    assert (choice.config.engine, choice.confidence) == (engine, confidence)
    assert {reason.field for reason in choice.reasons} >= {"engine", "memory_gb", "environment"}
    assert engine not in {other.engine for other in choice.alternatives}


def test_memory_grows_with_the_model() -> None:
    small = _choose().config.memory_gb
    large = _choose(replace(VERSION, size_bytes=2**30)).config.memory_gb
    assert small < 1 < 4 < large


def test_memory_is_explained_in_a_unit_that_fits_a_small_model() -> None:
    reasons = {reason.field: reason.text for reason in _choose().reasons}
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
    reasons = {reason.field: reason.text for reason in _choose(VERSION, outlook).reasons}
    assert says in reasons["environment"]


def test_what_is_missing_is_warned_about() -> None:
    bare = replace(VERSION, signature={}, input_example=None, requirements=[])
    choice = _choose(bare)
    assert len(choice.warnings) == 3
    assert choice.confidence == "medium"


@pytest.mark.parametrize("change", [{"engine": "xgboost"}, {"engine": "magic"}, {"gpu": 1}])
def test_a_configuration_that_cannot_serve_is_refused(change: dict[str, object]) -> None:
    config = ServingConfig(engine="sklearn", cpu=1, memory_gb=1).model_copy(update=change)
    with pytest.raises(ConfigurationRefused):
        choosing.checked(VERSION, config, MACHINE)


LANGUAGE = ["model.safetensors", "config.json"]
QUANTISED = ["llama-3-8b.Q4_K_M.gguf"]
FORMATS: list[tuple[rules.Format, list[str], list[str], str]] = [
    (rules.Format.onnx, ["onnx", "python_function"], ["model.onnx"], "onnx"),
    (rules.Format.sklearn, ["sklearn", "python_function"], ["model.pkl"], "sklearn"),
    (rules.Format.xgboost, ["xgboost", "python_function"], ["model.ubj"], "xgboost"),
    (rules.Format.lightgbm, ["lightgbm", "python_function"], ["model.lgb"], "lightgbm"),
    (rules.Format.pytorch, ["pytorch", "python_function"], ["data/model.pth"], "python"),
    (rules.Format.tensorflow, ["tensorflow", "python_function"], ["data/model.keras"], "python"),
    (rules.Format.python, ["python_function"], ["python_model.pkl"], "python"),
]


@pytest.mark.parametrize("machine", [WITH_GPU, MACHINE], ids=["gpu", "no gpu"])
@pytest.mark.parametrize(("found", "flavors", "files", "engine"), FORMATS)
def test_small_models_are_served_on_the_processor_with_or_without_a_gpu(
    machine: Machine, found: rules.Format, flavors: list[str], files: list[str], engine: str
) -> None:
    choice = choosing.choose(replace(VERSION, flavors=flavors), machine, "new", files)
    assert (choice.format, choice.config.engine, choice.config.gpu) == (found, engine, 0)
    assert choice.is_runnable


@pytest.mark.parametrize(
    ("found", "flavors", "files", "_engine"),
    [
        *FORMATS,
        (rules.Format.safetensors, ["transformers", "python_function"], LANGUAGE, ""),
        (rules.Format.gguf, ["python_function"], QUANTISED, ""),
    ],
)
def test_without_memory_nothing_is_picked_and_it_is_said_what_is_missing(
    found: rules.Format, flavors: list[str], files: list[str], _engine: str
) -> None:
    assert rules.format_of(flavors, files) is found
    with pytest.raises(NoCapacity) as refused:
        choosing.choose(replace(VERSION, flavors=flavors), FULL, "new", files)
    assert any("of memory, 0.1 GB are free" in line for line in refused.value.extra["missing"])


@pytest.mark.parametrize(
    ("machine", "files", "flavors", "engine", "gpu", "memory_gb"),
    [
        (WITH_GPU, QUANTISED, ["gguf"], "llama.cpp", 0, 6.0),
        (MACHINE, QUANTISED, ["python_function", "gguf"], "llama.cpp", 0, 6.0),
        (WITH_GPU, LANGUAGE, ["transformers", "python_function"], "vllm", 1, 7.25),
        (MACHINE, LANGUAGE, ["transformers", "python_function"], "python", 0, 11.25),
        (replace(WITH_GPU, gpu_memory_gb=4), LANGUAGE, ["python_function"], "python", 0, 11.25),
    ],
)
def test_language_models_go_to_a_gpu_and_to_the_processor_when_they_fit(
    machine: Machine,
    files: list[str],
    flavors: list[str],
    engine: str,
    gpu: int,
    memory_gb: float,
) -> None:
    version = replace(VERSION, flavors=flavors, size_bytes=4 * 2**30)
    choice = choosing.choose(version, machine, "new", files)
    assert (choice.config.engine, choice.config.gpu) == (engine, gpu)
    assert choice.config.memory_gb == memory_gb
    assert any("on the CPU" in line for line in choice.warnings) is (gpu == 0)


def test_a_language_model_that_fits_nowhere_names_every_lack() -> None:
    version = replace(VERSION, flavors=["transformers", "python_function"], size_bytes=40 * 2**30)
    with pytest.raises(NoCapacity) as refused:
        choosing.choose(version, MACHINE, "new", LANGUAGE)
    assert refused.value.extra["missing"] == [
        "vllm on a GPU needs one, and there is none",
        "python needs 94.0 GB of memory, 24.0 GB are free",
    ]


@pytest.mark.parametrize("engine", choosing.PLANNED)
def test_an_engine_this_installation_has_not_got_is_planned_and_refused(engine: str) -> None:
    version = replace(VERSION, flavors=["transformers", "python_function"])
    choice = choosing.choose(version, WITH_GPU, "new", LANGUAGE)
    assert choice.config.engine == engine
    assert not choice.is_runnable
    assert choice.confidence == "low"
    assert any("deploying it is refused" in line for line in choice.warnings)
    with pytest.raises(EngineNotInstalled):
        choosing.checked(VERSION, ServingConfig(engine=engine, cpu=1, memory_gb=1, gpu=0), MACHINE)


def test_a_gpu_that_is_not_there_is_made_up_for_by_the_processor_and_said() -> None:
    version = replace(VERSION, flavors=["transformers", "python_function"])
    choice = choosing.choose(version, MACHINE, "new", LANGUAGE)
    assert (choice.cpu_instead, choice.config.engine, choice.config.gpu) == (True, "python", 0)
    assert any("Planned on the CPU" in line for line in choice.warnings)
    assert not choosing.choose(version, WITH_GPU, "new", LANGUAGE).cpu_instead
    assert not choosing.choose(VERSION, MACHINE).cpu_instead


def test_a_gguf_file_is_served_by_llama_and_nothing_else_is() -> None:
    version = replace(VERSION, flavors=["gguf"], signature={}, input_example=None)
    choice = choosing.choose(version, MACHINE, "new", QUANTISED)
    assert (choice.is_runnable, choice.confidence) == (True, "high")
    assert not any(other.fits for other in choice.alternatives)
    assert choosing.checked(version, choice.config, MACHINE) == choice.config
    with pytest.raises(ConfigurationRefused, match="no GGUF file"):
        choosing.checked(replace(VERSION, flavors=["sklearn"]), choice.config, MACHINE)


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_both_processor_types_are_served(arch: str) -> None:
    assert choosing.choose(VERSION, replace(MACHINE, arch=arch)).config.engine == "sklearn"


def test_another_processor_type_is_not() -> None:
    with pytest.raises(NoCapacity, match="this is riscv64"):
        choosing.choose(VERSION, replace(MACHINE, arch="riscv64"))


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("llama.Q4_K_M.gguf", "quantised"),
        ("mistral-iq3_xs.gguf", "quantised"),
        ("model-int8.onnx", "quantised"),
        ("llama-bf16.gguf", "half"),
        ("model.F16.gguf", "half"),
        ("model.pkl", "full"),
        ("quarterly.pkl", "full"),
    ],
)
def test_precision_follows_the_name_of_the_file(name: str, precision: str) -> None:
    assert rules.precision_of(rules.Format.gguf, [f"artifacts/{name}"]) == precision


@pytest.mark.parametrize(
    ("cpu", "memory_gb", "missing"), [(1, 64, "32.0 GB of memory"), (9.5, 1, "1.5 cores")]
)
def test_more_than_there_is_cannot_be_asked_for(cpu: float, memory_gb: float, missing: str) -> None:
    wanted = ServingConfig(engine="sklearn", cpu=cpu, memory_gb=memory_gb, gpu=0)
    with pytest.raises(NoCapacity) as refused:
        choosing.checked(VERSION, wanted, MACHINE)
    assert refused.value.extra["missing"] == [missing]
    at_most = ServingConfig(engine="sklearn", cpu=8, memory_gb=32, gpu=0)
    assert choosing.checked(VERSION, at_most, MACHINE) == at_most
