"""The rules by which an engine is picked: one table, documented in docs/guides/quick-deploy.md.

A version's format gives its candidates, best first. The first one whose device, memory and
processor type this machine has is planned. Memory is `base + factor x size on disk`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from modelyard_protocol import language

from .ports import Machine

Device = Literal["cpu", "gpu"]
PYTHON = "python"
LLAMA, VLLM = language.ENGINE, "vllm"
ARCHITECTURES = ("amd64", "arm64")


class Format(StrEnum):
    """What a package's weights are."""

    onnx = "onnx"
    sklearn = "sklearn"
    xgboost = "xgboost"
    lightgbm = "lightgbm"
    pytorch = "pytorch"
    tensorflow = "tensorflow"
    safetensors = "safetensors"
    gguf = "gguf"
    python = "python"


class Precision(StrEnum):
    """How its numbers are stored."""

    full = "full"  # 32 or 64 bits
    half = "half"  # 16 bits
    quantised = "quantised"  # 8 bits and fewer


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to serve a format. `factors`: memory per byte on disk, by precision."""

    engine: str
    device: Device
    base_mb: int
    factors: dict[Precision, float]
    flavor: str | None = None
    """The package must have been logged with it."""


def _same(factor: float) -> dict[Precision, float]:
    return dict.fromkeys(Precision, factor)


_LANGUAGE_CPU = {Precision.full: 1.3, Precision.half: 2.3, Precision.quantised: 4.5}
RULES: dict[Format, tuple[Rule, ...]] = {
    Format.onnx: (Rule("onnx", "cpu", 640, _same(4), "onnx"),),
    Format.sklearn: (Rule("sklearn", "cpu", 640, _same(4), "sklearn"),),
    Format.xgboost: (Rule("xgboost", "cpu", 640, _same(4), "xgboost"),),
    Format.lightgbm: (Rule("lightgbm", "cpu", 640, _same(4), "lightgbm"),),
    Format.pytorch: (Rule(PYTHON, "cpu", 1536, _same(4)),),
    Format.tensorflow: (Rule(PYTHON, "cpu", 2048, _same(4)),),
    Format.safetensors: (
        Rule(VLLM, "gpu", 2048, _same(1.3)),
        Rule(PYTHON, "cpu", 2048, _LANGUAGE_CPU, "python_function"),
    ),
    Format.gguf: (Rule(LLAMA, "cpu", 1024, _same(1.2)),),
    Format.python: (Rule(PYTHON, "cpu", 1024, _same(4)),),
}
_BY_FLAVOR: tuple[tuple[str, Format], ...] = (
    ("sklearn", Format.sklearn),
    ("xgboost", Format.xgboost),
    ("onnx", Format.onnx),
    ("lightgbm", Format.lightgbm),
    ("tensorflow", Format.tensorflow),
    ("keras", Format.tensorflow),
    ("pytorch", Format.pytorch),
)
_QUANTISED = re.compile(r"(^|[-_.])(i?q[2-8](_|[-.]|$)|int[48]|fp8|awq|gptq|mxfp4)", re.IGNORECASE)
_HALF = re.compile(r"(^|[-_.])(fp16|f16|bf16)([-_.]|$)", re.IGNORECASE)


def format_of(flavors: Sequence[str], files: Iterable[str]) -> Format:
    """Recognise a package's format by its flavors, and language models by their files."""
    names = [name.lower() for name in files]
    if any(name.endswith(".gguf") for name in names):
        return Format.gguf
    for flavor, found in _BY_FLAVOR:
        if flavor in flavors:
            return found
    if "transformers" in flavors or any(name.endswith(".safetensors") for name in names):
        return Format.safetensors
    return Format.python


def precision_of(found: Format, files: Iterable[str]) -> Precision:
    """Tell how numbers are stored, by the names of the files. Language models default to half."""
    names = [name.rpartition("/")[2] for name in files]
    if any(_QUANTISED.search(name) for name in names):
        return Precision.quantised
    if any(_HALF.search(name) for name in names) or found is Format.safetensors:
        return Precision.half
    return Precision.full


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule that fits this machine."""

    rule: Rule
    memory_mb: int
    gpu: int
    passed_over: tuple[str, ...] = ()
    """Why better candidates were not taken."""


@dataclass(frozen=True, slots=True)
class NoPlan:
    """Nothing fits, and what is missing for each candidate."""

    missing: tuple[str, ...]


def plan(
    candidates: Sequence[Rule],
    precision: Precision,
    size_mb: float,
    machine: Machine,
    *,
    least_mb: int = 0,
) -> Plan | NoPlan:
    """Take the first candidate that fits the machine. `least_mb` is what its libraries need."""
    if machine.arch not in ARCHITECTURES:
        known = " and ".join(ARCHITECTURES)
        return NoPlan((f"processors of type {known} are supported, this is {machine.arch}",))
    missing: list[str] = []
    for rule in candidates:
        wanted = max(rule.base_mb, least_mb) + rule.factors[precision] * size_mb
        lacks = _lacks(rule, wanted, machine)
        if lacks is None:
            return Plan(rule, int(wanted), int(rule.device == "gpu"), tuple(missing))
        missing.append(lacks)
    return NoPlan(tuple(missing))


def _lacks(rule: Rule, wanted_mb: float, machine: Machine) -> str | None:
    need = f"{wanted_mb / 1024:.1f} GB"
    if rule.device == "gpu":
        if not machine.gpus:
            return f"{rule.engine} on a GPU needs one, and there is none"
        if wanted_mb > machine.gpu_memory_gb * 1024:
            return f"{rule.engine} on a GPU needs {need}, the GPU has {machine.gpu_memory_gb:g} GB"
        return None
    if wanted_mb > machine.free_memory_gb * 1024:
        return f"{rule.engine} needs {need} of memory, {machine.free_memory_gb:.1f} GB are free"
    return None
