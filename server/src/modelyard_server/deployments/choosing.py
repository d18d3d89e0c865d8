"""Picks how a version is served, and says why. Pure: reads facts of the package, loads nothing."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass, field
from typing import Literal

from modelyard_server.registry.service import RegisteredVersion

from .errors import ConfigurationRefused
from .ports import Outlook
from .schemas import Alternative, Reason, ServingConfig

NATIVE = ("sklearn", "xgboost", "onnx")
PYTHON = "python"
ENGINES = (*NATIVE, PYTHON)
NAMES = {"sklearn": "scikit-learn", "xgboost": "XGBoost", "onnx": "ONNX", PYTHON: "Python"}
CACHED_SECONDS, BUILD_SECONDS = 6, 45
_BASE_MB = {"sklearn": 640, "xgboost": 640, "onnx": 640, PYTHON: 1024}
_HEAVY = {"torch": 1536, "tensorflow": 2048, "transformers": 2048, "keras": 1536}
_STEP_MB = 256


@dataclass(frozen=True, slots=True)
class Choice:
    """A configuration with its reasons."""

    config: ServingConfig
    confidence: Literal["high", "medium", "low"]
    reasons: list[Reason]
    alternatives: list[Alternative]
    warnings: list[str] = field(default_factory=list)


def choose(version: RegisteredVersion, outlook: Outlook = "new") -> Choice:
    """Pick engine, CPU, memory and GPU of a version; `outlook` is where its environment is from."""
    engine = next((name for name in NATIVE if name in version.flavors), PYTHON)
    memory_mb, memory_why = _memory(version, engine)
    warnings = _warnings(version)
    confidence: Literal["high", "medium", "low"] = "high"
    if engine == PYTHON or not version.signature.get("inputs"):
        confidence = "medium"
    if "python_function" not in version.flavors and engine == PYTHON:
        confidence = "low"
    reasons = [
        Reason(field="engine", text=_engine_reason(version, engine)),
        Reason(field="cpu", text="One process answers one request at a time on one core."),
        Reason(field="memory_gb", text=memory_why),
        Reason(field="gpu", text="This engine computes on the CPU."),
        Reason(field="environment", text=_environment_reason(version, outlook)),
    ]
    config = ServingConfig(engine=engine, cpu=1.0, memory_gb=memory_mb / 1024, gpu=0)
    return Choice(config, confidence, reasons, _alternatives(version, engine), warnings)


def checked(version: RegisteredVersion, config: ServingConfig) -> ServingConfig:
    """Give a configuration back when the version can be served with it.

    Raises:
        ConfigurationRefused: unknown engine, one the package cannot feed, or a GPU.
    """
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
    return config


def _fit(version: RegisteredVersion, engine: str) -> tuple[bool, str]:
    name = NAMES[engine]
    if engine == PYTHON:
        fits = "python_function" in version.flavors
        why = "Runs any MLflow model through its own predict; slower for single rows."
        return fits, why if fits else "The package has no python_function flavor."
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


def _engine_reason(version: RegisteredVersion, engine: str) -> str:
    if engine == PYTHON:
        known = ", ".join(version.flavors) or "none"
        return f"No native engine for its flavors ({known}); runs as a Python function."
    return f"Logged with the {engine} flavor: called directly, without DataFrame overhead."


def _memory(version: RegisteredVersion, engine: str) -> tuple[int, str]:
    names = {line.split("=")[0].split("[")[0].strip().lower() for line in version.requirements}
    heavy = max((_HEAVY[name] for name in names & set(_HEAVY)), default=0)
    base = max(_BASE_MB[engine], heavy)
    size_mb = (version.size_bytes or 0) / 2**20
    total = math.ceil((base + 4 * size_mb) / _STEP_MB) * _STEP_MB
    why = f"{NAMES[engine]} with its libraries, and four times the model's {_size(size_mb)}."
    return total, why


def _size(mb: float) -> str:
    if mb < 1:
        return f"{mb * 1024:.1f} KB"
    return f"{mb:.1f} MB" if mb < 1024 else f"{mb / 1024:.1f} GB"


def _environment_reason(version: RegisteredVersion, outlook: Outlook) -> str:
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
