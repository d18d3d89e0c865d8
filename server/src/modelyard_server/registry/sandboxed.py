"""Starts model code as the control plane may: as a subprocess behind the runtime's walls.

The control plane never imports `modelyard_runtime`; it only looks up where it lies.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from modelyard_protocol.masking import Mask
from modelyard_server.settings import Settings

from . import bytecode

VERIFY_SECONDS = 120.0
MEMORY_MB = 4096
_MOST_SECONDS = 4 * VERIFY_SECONDS + 30  # the runtime's own limit strikes first and says why
_TAIL_LINES = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sandboxed one-shot left: its report, or why there is none."""

    report: dict[str, Any] | None
    error: str | None
    log_tail: list[str]


def runtime_package() -> Path:
    """Give the folder of `modelyard_runtime` without importing it."""
    return _package("modelyard_runtime")


def runtime_pythonpath() -> str:
    """Give the import path under which another interpreter finds protocol and runtime."""
    folders = [_package("modelyard_protocol").parent, runtime_package().parent]
    return os.pathsep.join(dict.fromkeys(str(folder) for folder in folders))


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{name} is not installed beside the control plane.")
    return Path(next(iter(spec.submodule_search_locations))).absolute()


def run_verify(
    settings: Settings,
    *,
    model_dir: Path,
    python: Path,
    environment_dir: Path,
    engine: str,
    expected: list[Any] | None,
    variables: Mapping[str, str] | None = None,
    compile_into: Path | None = None,
    keeps_bytecode: bool = False,
) -> Outcome:
    """Load a model once behind the walls, predict, and compare with what is expected.

    With a folder to compile into, the report's `lane` says whether the model's graph was written.
    `keeps_bytecode`: what the model imports is compiled in its environment, see `bytecode`.
    """
    with tempfile.TemporaryDirectory(prefix="modelyard-check-") as folder:
        argv = _argv(settings, model_dir, python, environment_dir, engine)
        if compile_into is not None:
            argv += ["--compile", str(compile_into)]
        if expected is not None:
            file = Path(folder) / "expected.json"
            file.write_text(json.dumps(expected))
            argv += ["--expected", str(file)]
        if not keeps_bytecode:
            return _run(argv, Path(folder), variables)
        with bytecode.followed(environment_dir) as names:
            return _run([*argv, "--compiled-sources", str(names)], Path(folder), variables)


def run_importance(
    settings: Settings,
    *,
    model_dir: Path,
    python: Path,
    environment_dir: Path,
    engine: str,
    question: dict[str, Any],
    variables: Mapping[str, str] | None = None,
) -> Outcome:
    """Measure behind the walls how much a model relies on each input.

    `question`: `rows` as a caller would send them, `actual` outcomes or nothing, `is_number`.
    """
    with tempfile.TemporaryDirectory(prefix="modelyard-check-") as folder:
        file = Path(folder) / "question.json"
        file.write_bytes(orjson.dumps(question, default=str))
        argv = _argv(settings, model_dir, python, environment_dir, engine)
        return _run([*argv, "--importance", str(file)], Path(folder), variables)


def _argv(
    settings: Settings, model_dir: Path, python: Path, environment_dir: Path, engine: str
) -> list[str]:
    argv = [sys.executable, "-m", "modelyard_runtime.verify"]
    argv += ["--model-dir", str(model_dir), "--engine", engine]
    argv += ["--python", str(python), "--environment-dir", str(environment_dir)]
    argv += ["--timeout", str(VERIFY_SECONDS), "--memory-mb", str(MEMORY_MB)]
    if settings.allow_unsandboxed_code:
        argv += ["--allow-unsandboxed"]
    return argv


def _run(argv: list[str], folder: Path, variables: Mapping[str, str] | None) -> Outcome:
    mask = Mask(variables or {})
    if variables:
        # A file of ours alone: command lines are readable by everybody.
        secrets = folder / "variables.json"
        secrets.touch(mode=0o600)
        secrets.write_text(json.dumps(dict(variables)), encoding="utf-8")
        argv = [*argv, "--env-file", str(secrets)]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": runtime_pythonpath(),
    }
    try:
        done = subprocess.run(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(None, f"The model gave no prediction within {_MOST_SECONDS:.0f} s.", [])
    tail = mask.text(done.stderr).splitlines()[-_TAIL_LINES:]
    report = _last_object(done.stdout)
    if report is not None and report.get("error"):
        report["error"] = mask.text(str(report["error"]))
    if report is None:
        return Outcome(None, f"The check ended with exit code {done.returncode}.", tail)
    return Outcome(report, None, tail)


def _last_object(output: str) -> dict[str, Any] | None:
    for line in reversed(output.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "ok" in found:
            return found
    return None
