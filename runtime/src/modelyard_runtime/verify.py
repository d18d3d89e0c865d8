"""One-shot check: does a package load, predict, and repeat what it predicted before?

`python -m modelyard_runtime.verify --model-dir DIR --engine NAME` prints one JSON object as its
last line. Without `--inside` it puts itself behind the sandbox's walls and outlives the model.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelyard_protocol.language import ENGINE as LANGUAGE
from modelyard_protocol.routing import GRAPH_FILE

from .compiling import tools
from .deaths import death
from .patience import TooSlow, output_of

if TYPE_CHECKING:
    from .loading import Loaded

COMPILE_SECONDS = 45.0


def main(argv: list[str] | None = None) -> int:
    """Print the report; exit code 0 when the model passed, 1 when it did not."""
    options = _parser().parse_args(argv)
    is_inside = options.inside or bool(os.environ.get("MODELYARD_SANDBOX"))
    report = _inside(options) if is_inside else _outside(options)
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()
    code = 0 if report["ok"] else 1
    if is_inside and options.engine == LANGUAGE:
        os._exit(code)  # the engine's threads do not end by themselves
    return code


def _outside(options: argparse.Namespace) -> dict[str, Any]:
    python = options.python or sys.executable
    with tempfile.TemporaryDirectory(prefix="modelyard-verify-") as folder:
        line = [sys.executable, "-m", "modelyard_runtime.sandbox", "run"]
        line += ["--parent", str(os.getpid()), "--ro", str(options.model_dir), "--rw", folder]
        line += ["--memory-mb", str(options.memory_mb), "--tier", options.tier]
        if options.environment_dir is not None:
            line += ["--ro", str(options.environment_dir)]
        if options.env_file is not None:
            line += ["--env-file", str(options.env_file.absolute())]
        if options.allow_unsandboxed:
            line += ["--allow-unsandboxed"]
        inner = ["--model-dir", str(options.model_dir), "--engine", options.engine, "--inside"]
        inner += ["--rtol", repr(options.rtol)]
        if options.compile is not None:
            line += ["--rw", str(options.compile.absolute())]
            line += tools.walls(Path(folder), Path(python))
            inner += ["--compile", str(options.compile.absolute())]
        if options.compiled_sources is not None:
            line += ["--rw", str(options.compiled_sources.absolute().parent)]
            inner += ["--compiled-sources", str(options.compiled_sources.absolute())]
        if options.expected is not None:
            line += ["--ro", str(options.expected.absolute())]
            inner += ["--expected", str(options.expected.absolute())]
        if options.importance is not None:
            line += ["--ro", str(options.importance.absolute())]
            inner += ["--importance", str(options.importance.absolute())]
        line += ["--", str(python), "-m", "modelyard_runtime.verify", *inner]
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as child:
            try:
                printed = output_of(child, options.timeout)
            except TooSlow as late:
                reason = f"The model did not load and predict within {options.timeout:g} seconds"
                if late.waited > 1:
                    reason += f", besides {late.waited:.0f} in which it waited for a processor"
                return _report(options.engine, error=f"{reason}.")
    return _last_report(options, printed, child.returncode)


def _last_report(options: argparse.Namespace, printed: str, code: int) -> dict[str, Any]:
    for text in reversed(printed.splitlines()):
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, dict) and "ok" in found:
            return found
    return _report(options.engine, error=death(code, options.memory_mb))


def _inside(options: argparse.Namespace) -> dict[str, Any]:
    answer_fd = os.dup(1)
    os.dup2(2, 1)  # whatever the model prints must not be read as its report
    if options.compiled_sources is not None:
        _tell_compiled(options.compiled_sources)
    try:
        return _checked(options)
    except BaseException as error:
        import traceback

        traceback.print_exc()
        return _report(options.engine, error=f"{type(error).__name__}: {error}"[:2000])
    finally:
        sys.stdout.flush()
        os.dup2(answer_fd, 1)


def _tell_compiled(file: Path) -> None:
    """Write down each module that has to be compiled: it is imported, and has no bytecode."""
    names = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "compile":
            name = arguments[1]
            if isinstance(name, bytes):
                name = os.fsdecode(name)
            if isinstance(name, str) and name.endswith(".py"):
                os.write(names, os.fsencode(name) + b"\n")

    for module in list(sys.modules.values()):  # imported before anybody listened
        source, cached = getattr(module, "__file__", None), getattr(module, "__cached__", None)
        if source and cached and not Path(cached).exists():
            heard("compile", (None, source))
    sys.addaudithook(heard)


def _spoken(options: argparse.Namespace) -> dict[str, Any]:
    """Load a language model and have it continue a short text; there is nothing to compare with."""
    from .language.engine import load

    _, hello = load(options.model_dir)
    report = _report(options.engine, error=None)
    report |= {
        "ok": True,
        "load_ms": hello["load_ms"],
        "predict_ms": hello["predict_ms"],
        "tokens": hello["tokens"],
        "package_versions": _versions(),
    }
    if options.compile is not None:
        reason = "A language model is served by llama.cpp itself."
        report["lane"] = {"compiled": None, "reason": reason, "seconds": 0.0}
    elif options.importance is not None:
        report["importance"] = {"reason": "A language model has no inputs to compare."}
    return report


def _checked(options: argparse.Namespace) -> dict[str, Any]:
    if options.engine == LANGUAGE:
        return _spoken(options)
    started = time.perf_counter()
    from .loading import load

    loaded = load(options.model_dir, options.engine)
    ready_ms = (time.perf_counter() - started) * 1000
    expected: Any = loaded.directory.package.example_prediction
    if options.expected is not None:
        expected = json.loads(options.expected.read_text(encoding="utf-8"))
    found = differences(loaded.predictions, expected, options.rtol)
    report = _report(loaded.model.engine, error=None)
    report |= {
        "ok": not found,
        "predictions": loaded.predictions,
        "expected": expected,
        "differences": found,
        "load_ms": round(loaded.load_ms, 1),
        "ready_ms": round(ready_ms, 1),
        "predict_ms": round(loaded.predict_ms, 3),
        "has_example": loaded.example is not None,
        "package_versions": _versions(),
    }
    if found:
        report["error"] = (
            f"The model does not reproduce its stored prediction: {len(found)} values differ."
        )
    elif options.compile is not None:
        report["lane"] = _compiled(loaded, options.compile)
    elif options.importance is not None:
        report["importance"] = _importance(loaded, options.importance)
    return report


def _importance(loaded: Loaded, file: Path) -> dict[str, Any]:
    """Measure how much the model relies on each input, or say why not."""
    from . import permuting

    asked = json.loads(file.read_text(encoding="utf-8"))
    try:
        request = permuting.decoded(asked["rows"], loaded.directory.package.signature)
        found = permuting.measure(
            loaded.model.predict, request, asked["actual"], is_number=asked["is_number"]
        )
    except Exception as error:
        return {"reason": f"{type(error).__name__}: {error}"[:1000]}
    return {"reason": None, **asdict(found)}


def _compiled(loaded: Loaded, folder: Path) -> dict[str, Any]:
    """Write the model's graph into a folder, or say why there is none; never a reason to fail."""
    started = time.perf_counter()
    try:
        with _at_most(COMPILE_SECONDS):
            tools.use()
            from .compiling.judging import compile_model

            verdict = compile_model(loaded)
    except Exception as error:
        from .compiling.errors import NotConvertible

        text = (
            str(error) if isinstance(error, NotConvertible) else f"{type(error).__name__}: {error}"
        )
        return {"compiled": None, "reason": text[:1000], "seconds": _seconds(started)}
    (folder / GRAPH_FILE).write_bytes(verdict.content)
    return {
        "compiled": verdict.compiled.model_dump(mode="json"),
        "reason": None,
        "seconds": _seconds(started),
        **verdict.facts,
    }


def _seconds(started: float) -> float:
    return round(time.perf_counter() - started, 2)


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise in this thread when a block takes longer."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"it took longer than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def differences(actual: Any, expected: Any, rtol: float) -> list[dict[str, Any]]:
    """Give each place where the model's answer is not the expected one, at most 50."""
    from .comparing import equal

    if expected is None or actual is None:
        return []
    if len(actual) != len(expected):
        return [{"row": None, "column": None, "expected": len(expected), "actual": len(actual)}]
    found: list[dict[str, Any]] = []
    for row, (one, other) in enumerate(zip(actual, expected, strict=True)):
        keys = _keys(one, other)
        if keys is None:
            if not equal(one, other, rtol):
                found.append({"row": row, "column": None, "expected": other, "actual": one})
            continue
        for key in keys:
            if not equal(one[key], other[key], rtol):
                entry = {"row": row, "column": str(key), "expected": other[key], "actual": one[key]}
                found.append(entry)
    return found[:50]


def _keys(one: Any, other: Any) -> list[Any] | None:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return list(one)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return list(range(len(one)))
    return None


def _report(engine: str, *, error: str | None) -> dict[str, Any]:
    return {
        "ok": False,
        "engine": engine,
        "predictions": None,
        "expected": None,
        "differences": [],
        "load_ms": 0.0,
        "ready_ms": 0.0,
        "predict_ms": 0.0,
        "has_example": False,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "package_versions": {},
        "lane": None,
        "importance": None,
        "sandbox": os.environ.get("MODELYARD_SANDBOX"),
        "error": error,
    }


def _versions() -> dict[str, str]:
    from importlib.metadata import distributions

    return {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modelyard_runtime.verify")
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--expected", type=Path, help="JSON list the model must reproduce")
    parser.add_argument("--compile", type=Path, help="folder to write the model's graph into")
    parser.add_argument("--compiled-sources", type=Path, help="file to name them in")
    parser.add_argument("--importance", type=Path, help="JSON: rows, actual, is_number")
    parser.add_argument("--env-file", type=Path, help="JSON of the model's environment variables")
    parser.add_argument("--rtol", type=float, default=1e-6)
    parser.add_argument("--inside", action="store_true", help="the walls are already around us")
    parser.add_argument("--python", type=Path, help="interpreter of the model's environment")
    parser.add_argument("--environment-dir", type=Path)
    parser.add_argument("--timeout", type=float, default=120.0)
    parser.add_argument("--memory-mb", type=int, default=2048)
    parser.add_argument("--tier", default="auto")
    parser.add_argument("--allow-unsandboxed", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
