"""Chat with a language model through the gateway, beside llama.cpp's own server, in one run.

    python benchmarks/language.py [--width 256 --layers 8] [--seconds 10]

Both have the same GGUF file of random weights, the same engine from the same wheel, as many
threads, slots and tokens of context, and get the same prompts, in turns. On our side key check,
sandbox, a process of its own for the model, counts and metering are on; the other answers alone.
The calls of one token tell what a call costs beside the writing. Every call has a connection of
its own: the other server hangs up after a stream.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "protocol" / "src"), str(ROOT / "runtime" / "src")]

from benchmarks.conditions import told  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.language import a_language_model  # noqa: E402
from tests.make.nodes import SECRET, a_node, a_route, a_server  # noqa: E402

OURS, ENGINE = "Modelyard", "llama.cpp's own server"
CONTEXT, SLOTS, THREADS = 1024, 4, 1
TOKENS = 64
WORDS = 4096  # beside 256 bytes: what it writes is text at once, not parts of letters
PEER = """
import sys, threading, xllamacpp
from pathlib import Path
params = xllamacpp.CommonParams()
weights, port, context, slots, threads = sys.argv[1:]
params.model.path = weights
params.n_ctx, params.n_parallel = int(context) * int(slots), int(slots)
params.n_batch = params.n_ubatch = 512
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
params.n_gpu_layers, params.cache_ram_mib, params.verbosity = 0, 0, -1
params.ui, params.port, params.hostnames = False, int(port), ["127.0.0.1"]
server = xllamacpp.Server(params)
threading.Event().wait()
"""


@dataclass(frozen=True)
class Target:
    """Where to send calls."""

    name: str
    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """What one call took, in seconds, and what came of it."""

    first: float
    total: float
    tokens: int
    text: str


def main() -> None:
    """Measure both and print a table."""
    options = _parser().parse_args()
    print(told(), "\n")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        weights = a_language_model(
            folder / "model" / "nonsense.gguf",
            width=options.width,
            layers=options.layers,
            context=CONTEXT,
            words=WORDS,
        )
        size = weights.stat().st_size / 2**20
        print(f"{size:.0f} MiB of weights, {THREADS} thread, {SLOTS} slots, {TOKENS} tokens.\n")
        with _ours(folder, weights) as ours, _peer(folder, weights) as peer:
            _same(ours, peer)
            _tell_writing([ours, peer], options.seconds)
            _tell_calls([ours, peer], options.seconds)


def _tell_writing(targets: list[Target], seconds: float) -> None:
    print("| answers | callers | server | first token ms, p50 | p95 | tokens/s | call ms, p50 |")
    print("|---|---:|---|---:|---:|---:|---:|")
    for is_stream in (True, False):
        for callers in (1, 4):
            found = _in_turns(targets, callers, seconds, is_stream, TOKENS)
            for target in targets:
                calls, took = found[target.name]
                first = [call.first * 1000 for call in calls] if is_stream else []
                shown = f"{statistics.median(first):.1f} | {_p95(first):.1f}" if first else "| "
                rate = sum(call.tokens for call in calls) / took
                total = statistics.median(call.total for call in calls) * 1000
                kind = "streamed" if is_stream else "whole"
                line = f"| {kind} | {callers} | {target.name} | {shown} | {rate:.1f} |"
                print(f"{line} {total:.0f} |", flush=True)


def _tell_calls(targets: list[Target], seconds: float) -> None:
    print("\n| one token | server | call ms, p50 | p95 | calls | more than the other, p50 ms |")
    print("|---|---|---:|---:|---:|---:|")
    for is_stream in (True, False):
        found = _in_turns(targets, 1, seconds, is_stream, 1)
        ours, theirs = ([call.total * 1000 for call in found[one.name][0]] for one in targets)
        more = statistics.median(one - other for one, other in zip(ours, theirs, strict=True))
        kind = "streamed" if is_stream else "whole"
        for target, total, told_more in zip(
            targets, (ours, theirs), (f"{more:.2f}", ""), strict=True
        ):
            line = f"| {kind} | {target.name} | {statistics.median(total):.2f} |"
            print(f"{line} {_p95(total):.2f} | {len(total)} | {told_more} |", flush=True)


def _in_turns(
    targets: list[Target], callers: int, seconds: float, is_stream: bool, tokens: int
) -> dict[str, tuple[list[Call], float]]:
    """Ask one after the other, a call of each caller, so that both have the same weather."""
    found: dict[str, tuple[list[Call], float]] = {one.name: ([], 0.0) for one in targets}
    begun, turn = time.perf_counter(), 0
    while not turn or time.perf_counter() - begun < seconds * len(targets):
        for target in targets if turn % 2 else targets[::-1]:
            calls, took = _at_once(target, callers, turn, is_stream, tokens)
            known = found[target.name]
            found[target.name] = known[0] + calls, known[1] + took
        turn += 1
    return found


def _at_once(
    target: Target, callers: int, turn: int, is_stream: bool, tokens: int
) -> tuple[list[Call], float]:
    def call(caller: int) -> Call:
        prompt = f"{turn} {caller}: " + "tell me of ships and harbours " * 3
        return _call(target, prompt, is_stream, tokens)

    begun = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        calls = [*pool.map(call, range(callers))]
    return calls, time.perf_counter() - begun


def _call(target: Target, prompt: str, is_stream: bool, tokens: int) -> Call:
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": tokens,
        "temperature": 0,
    }
    if is_stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    headers = {"Content-Type": "application/json", **target.headers}
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
    with contextlib.closing(connection):
        begun = time.perf_counter()
        connection.request("POST", target.path, json.dumps(body), headers)
        return _answer(connection.getresponse(), target, is_stream, begun)


def _answer(
    answer: http.client.HTTPResponse, target: Target, is_stream: bool, begun: float
) -> Call:
    if answer.status != 200:
        raise SystemExit(f"{target.name}: {answer.status} {answer.read()[:500]!r}")
    if not is_stream:
        said = json.loads(answer.read())
        total = time.perf_counter() - begun
        text = said["choices"][0]["message"]["content"]
        return Call(total, total, said["usage"]["completion_tokens"], text)
    first, written, text = 0.0, 0, ""
    while line := answer.readline():
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        if event.get("usage"):
            written = event["usage"]["completion_tokens"]
        for choice in event["choices"]:
            piece = choice["delta"].get("content") or ""
            if piece and not first:
                first = time.perf_counter() - begun
            text += piece
    total = time.perf_counter() - begun
    return Call(first or total, total, written, text)


def _same(ours: Target, peer: Target) -> None:
    """Refuse to compare servers that do not write the same; warms both too."""
    for is_stream in (True, False):
        said = []
        for target in (ours, peer):
            call = _call(target, "tell me of ships", is_stream, TOKENS)
            said.append((call.text, call.tokens))
        if said[0] != said[1]:
            raise SystemExit(f"They do not write the same: {said}")


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


@contextlib.contextmanager
def _ours(folder: Path, weights: Path) -> Iterator[Target]:
    variables = folder / "variables.json"
    variables.write_text(
        json.dumps({"LLM_CONTEXT_TOKENS": str(CONTEXT), "LLM_PARALLEL_CALLS": str(SLOTS)})
    )
    with a_node(folder / "node") as node:
        from modelyard_protocol.routing import Language, Limits

        server = a_server(
            weights.parent,
            engine="llama.cpp",
            environment_file=str(variables),
            limits=Limits(memory_mb=4096, cpus=THREADS),
        )
        route = a_route(weights.parent, {"a" * 32: 100}, model="nonsense", language=Language())
        node.want([server], [route])
        node.start()
        node.wait_ready()
        bearer = {"Authorization": f"Bearer myk_pub_{SECRET}"}
        yield Target(
            OURS, node.port, f"{node.address.split(str(node.port))[1]}/v1/chat/completions", bearer
        )
        node.end()


@contextlib.contextmanager
def _peer(folder: Path, weights: Path) -> Iterator[Target]:
    port = a_free_port()
    figures = [str(number) for number in (port, CONTEXT, SLOTS, THREADS)]
    log = (folder / "peer.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-c", PEER, str(weights), *figures], stdout=log, stderr=log
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    break
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((folder / "peer.log").read_text()[-3000:])
            time.sleep(0.1)
        yield Target(ENGINE, port, "/v1/chat/completions")
    finally:
        server.kill()
        server.wait(30)
        log.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=256, help="of the model")
    parser.add_argument("--layers", type=int, default=8, help="of the model")
    parser.add_argument("--seconds", type=float, default=10, help="of each load on each server")
    return parser


if __name__ == "__main__":
    main()
