"""Picks how a version is served, and says why. Pure: reads facts of the package, loads nothing."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from modelyard_server.registry.service import RegisteredVersion

from . import rules
from .errors import ConfigurationRefused, EngineNotInstalled, NoCapacity
from .ports import Machine, Outlook
from .rules import LLAMA, PYTHON, VLLM, Format
from .schemas import Alternative, Reason, ServingConfig

NATIVE = ("sklearn", "xgboost", "lightgbm", "onnx")
ENGINES = (*NATIVE, PYTHON, LLAMA)
PLANNED = (VLLM,)
NAMES = {
    "sklearn": "scikit-learn",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "onnx": "ONNX",
    PYTHON: "Python",
    LLAMA: "llama.cpp",
    VLLM: "vLLM",
}
CACHED_SECONDS, BUILD_SECONDS = 6, 45
_HEAVY = {"torch": 1536, "tensorflow": 2048, "transformers": 2048, "keras": 1536}
_STEP_MB = 256
Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A configuration with its reasons."""

    config: ServingConfig
    confidence: Confidence
    reasons: list[Reason]
    alternatives: list[Alternative]
    warnings: list[str] = field(default_factory=list)
    format: Format = Format.python
    cpu_instead: bool = False

    @property
    def is_runnable(self) -> bool:
        """This installation has the engine."""
        return self.config.engine in ENGINES


def choose(
    version: RegisteredVersion,
    machine: Machine,
    outlook: Outlook = "new",
    files: Sequence[str] = (),
) -> Choice:
    """Pick engine, CPU, memory and GPU of a version; `outlook` is where its environment is from.

    Raises:
        NoCapacity: nothing that could serve it fits this machine; says what is missing.
    """
    found = rules.format_of(version.flavors, files)
    precision = rules.precision_of(found, files)
    size_mb = (version.size_bytes or 0) / 2**20
    candidates = [
        rule for rule in rules.RULES[found] if rule.flavor is None or rule.flavor in version.flavors
    ]
    planned = rules.plan(candidates, precision, size_mb, machine, least_mb=_least(version))
    if isinstance(planned, rules.NoPlan):
        missing = list(planned.missing) or ["an engine that can load this package"]
        raise NoCapacity(
            f"There is no capacity for {version.model_name}: {'; '.join(missing)}. Stop an idle "
            "deployment, or register a smaller model.",
            extra={"missing": missing},
        )
    engine = planned.rule.engine
    memory_mb = math.ceil(planned.memory_mb / _STEP_MB) * _STEP_MB
    config = ServingConfig(engine=engine, cpu=1.0, memory_gb=memory_mb / 1024, gpu=planned.gpu)
    reasons = [
        Reason(field="engine", text=_engine_reason(version, engine, found)),
        Reason(field="cpu", text=_cpu_reason(engine)),
        Reason(field="memory_gb", text=_memory_reason(planned.rule, precision, size_mb)),
        Reason(field="gpu", text=_gpu_reason(planned)),
        Reason(field="environment", text=_environment_reason(version, outlook, engine)),
    ]
    return Choice(
        config,
        _confidence(version, engine),
        reasons,
        _alternatives(version, engine),
        [*_plan_warnings(planned), *([] if engine == LLAMA else _warnings(version))],
        found,
        cpu_instead=bool(planned.passed_over) and not planned.gpu,
    )


def checked(version: RegisteredVersion, config: ServingConfig, machine: Machine) -> ServingConfig:
    """Give a configuration back when the version can be served with it.

    Raises:
        ConfigurationRefused: unknown engine, one the package cannot feed, or a GPU.
        EngineNotInstalled: the engine is known and planned for, but not part of this installation.
        NoCapacity: it asks for more cores or memory than this machine has.
    """
    if config.engine in PLANNED:
        raise EngineNotInstalled(
            f"{NAMES[config.engine]} is the engine for this format, but this installation has not "
            "got it. Log the model with a python_function flavor and deploy it with python."
        )
    if config.engine not in ENGINES:
        raise ConfigurationRefused(
            f"There is no engine {config.engine!r}. Choose one of {', '.join(ENGINES)}.",
            fields=[{"location": "config.engine", "problem": "unknown engine"}],
        )
    fits, reason = _fit(version, config.engine)
    if not fits:
        raise ConfigurationRefused(
            reason, fields=[{"location": "config.engine", "problem": "does not fit the model"}]
        )
    if config.gpu:
        raise ConfigurationRefused(
            "Local processes compute on the CPU; set gpu to 0.",
            fields=[{"location": "config.gpu", "problem": "no GPU on this machine"}],
        )
    if config.cpu > machine.cpus:
        raise NoCapacity(
            f"This machine has {machine.cpus} cores; {config.cpu:g} were asked for.",
            extra={"missing": [f"{config.cpu - machine.cpus:g} cores"]},
        )
    if config.memory_gb > machine.memory_gb:
        raise NoCapacity(
            f"This machine has {machine.memory_gb:.1f} GB of memory; {config.memory_gb:g} GB were "
            "asked for.",
            extra={"missing": [f"{config.memory_gb - machine.memory_gb:.1f} GB of memory"]},
        )
    return config


def differences(seen: ServingConfig, picked: ServingConfig) -> list[dict[str, object]]:
    """List what of a setup is not as somebody saw it."""
    before, after = seen.model_dump(), picked.model_dump()
    return [
        {"field": name, "seen": before[name], "picked": after[name]}
        for name in before
        if before[name] != after[name]
    ]


def _fit(version: RegisteredVersion, engine: str) -> tuple[bool, str]:
    name = NAMES[engine]
    if engine == PYTHON:
        fits = "python_function" in version.flavors
        why = "Runs any MLflow model through its own predict; slower for single rows."
        return fits, why if fits else "The package has no python_function flavor."
    if engine == LLAMA:
        fits = Format.gguf.value in version.flavors
        return fits, (
            "Runs the GGUF file itself; the package's Python code is not run."
            if fits
            else "The package has no GGUF file, or was registered before they could be served."
        )
    if engine in version.flavors:
        return True, f"The package has the {engine} flavor."
    return False, f"The package has no {engine} flavor, so the {name} engine cannot load it."


def _alternatives(version: RegisteredVersion, chosen: str) -> list[Alternative]:
    found = []
    for engine in ENGINES:
        if engine != chosen:
            fits, reason = _fit(version, engine)
            found.append(Alternative(engine=engine, fits=fits, reason=reason))
    return sorted(found, key=lambda entry: not entry.fits)


def _confidence(version: RegisteredVersion, engine: str) -> Confidence:
    if engine in PLANNED:
        return "low"
    if engine == PYTHON and "python_function" not in version.flavors:
        return "low"
    if engine == LLAMA:
        return "high"
    return "medium" if engine == PYTHON or not version.signature.get("inputs") else "high"


def _engine_reason(version: RegisteredVersion, engine: str, found: Format) -> str:
    if engine in (*PLANNED, LLAMA):
        return f"{NAMES[engine]} is made for {found} language models."
    if engine == PYTHON:
        known = ", ".join(version.flavors) or "none"
        return f"No native engine for its flavors ({known}); runs as a Python function."
    return f"Logged with the {engine} flavor: called directly, without DataFrame overhead."


def _least(version: RegisteredVersion) -> int:
    names = {line.split("=")[0].split("[")[0].strip().lower() for line in version.requirements}
    return max((_HEAVY[name] for name in names & set(_HEAVY)), default=0)


def _memory_reason(rule: rules.Rule, precision: rules.Precision, size_mb: float) -> str:
    factor = rule.factors[precision]
    times = {1.2: "1.2 times", 4: "four times"}.get(factor, f"{factor:g} times")
    stored = "" if precision is rules.Precision.full else f" ({precision} precision)"
    size = f"{times} the model's {_size(size_mb)}{stored}"
    return f"{NAMES[rule.engine]} with its libraries, and {size}."


def _gpu_reason(planned: rules.Plan) -> str:
    if planned.gpu:
        return "This engine computes on the GPU."
    return (
        "No GPU is free; computed on the CPU."
        if planned.passed_over
        else ("This engine computes on the CPU.")
    )


def _plan_warnings(planned: rules.Plan) -> list[str]:
    found = []
    if planned.passed_over:
        found.append(
            f"Planned on the CPU: {'; '.join(planned.passed_over)}. Expect answers to take many "
            "times longer than on a GPU."
        )
    if planned.rule.engine == LLAMA:
        found.append(
            "Computed on the CPU: a model of some gigabytes writes a few words a second there."
        )
    if planned.rule.engine in PLANNED:
        found.append(
            f"This installation has no {NAMES[planned.rule.engine]}: the setup is a plan, "
            "deploying it is refused."
        )
    return found


def _size(mb: float) -> str:
    if mb < 1:
        return f"{mb * 1024:.1f} KB"
    return f"{mb:.1f} MB" if mb < 1024 else f"{mb / 1024:.1f} GB"


def _cpu_reason(engine: str) -> str:
    if engine == LLAMA:
        return "One process writes for two callers at a time, on one core; more cores are faster."
    return "One process answers one request at a time on one core."


def _environment_reason(version: RegisteredVersion, outlook: Outlook, engine: str) -> str:
    if engine == LLAMA:
        return "An environment that holds llama.cpp and nothing of the package's requirements."
    count = len(version.requirements)
    packages = "1 requirement" if count == 1 else f"{count} requirements"
    if outlook == "platform":
        return f"Reuses the platform's environment: it satisfies the model's {packages} exactly."
    if outlook == "cached":
        return f"Isolated environment from the model's own {packages}, built before."
    return f"Prepared from the model's own {packages} when it is deployed."


def _warnings(version: RegisteredVersion) -> list[str]:
    found = []
    if not version.signature.get("inputs"):
        found.append("Logged without a signature: inputs cannot be checked, drift not measured.")
    if version.input_example is None:
        found.append("Logged without an input example: its prediction cannot be reproduced first.")
    elif version.reference_prediction is None:
        found.append("No stored prediction yet: the first one seen in the sandbox becomes it.")
    if not version.requirements:
        found.append("Logged without requirements: only the platform's libraries are there.")
    ours = ".".join(platform.python_version_tuple()[:2])
    theirs = ".".join((version.python_version or ours).split(".")[:2])
    if theirs != ours:
        found.append(f"Trained on Python {theirs}; it is served on Python {ours}.")
    return found
