"""Time what safeguards cost a call in a gateway worker, by kind of safeguard and lane.

    python benchmarks/safeguards.py

Each line is the median of many rounds of the very functions the worker calls: on the fast lane
applying them to one answer, on the slow lane also reading the answer, and writing it where a
default replaces something. The body has ten columns.
"""

import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson

from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin
from modelyard_protocol.routing import Route, Target
from modelyard_protocol.safeguards import Guard, Safeguard
from modelyard_runtime.gateway.safeguarding import Safeguarding, answers_of, rewritten

CALLS, ROUNDS = 2000, 15
NAMES = [f"column {n}" for n in range(10)]
SIGNATURE = Signature(inputs=tuple(Column(name=n, dtype=DType.double) for n in NAMES))
TARGET = Target(server_id="a", revision=1, version=1, weight=100)
RULES: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "one range of the answer": [{"check": "range", "minimum": 0, "maximum": 1}],
    "five of the answer": [
        {"check": "range", "minimum": 0, "maximum": 1},
        {"check": "missing"},
        {"check": "confidence", "minimum": 0.1},
        {"check": "range", "maximum": 2, "action": "refuse"},
        {"check": "range", "minimum": -1, "action": "default", "default": 0},
    ],
    "one that holds: default": [
        {"check": "range", "minimum": 0.9, "action": "default", "default": 1}
    ],
    "one range of an input": [
        {"on": "input", "column": NAMES[3], "check": "range", "minimum": 0, "maximum": 5}
    ],
}


def microseconds(call: Callable[[], Any]) -> float:
    """Give the median time of one call."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for _ in range(CALLS):
            call()
        taken.append((time.perf_counter_ns() - started) / CALLS / 1000)
    return statistics.median(taken)


def main() -> None:
    """Print a Markdown table."""
    body = orjson.dumps({"row": dict.fromkeys(NAMES, 1.5)})
    told = {"prediction_id": "p-1", "model": "m", "version": 1, "predictions": [0.7]}
    document = orjson.dumps(told)
    print("| safeguards | fast lane, µs a call | slow lane, µs a call |\n|---|---:|---:|")
    for name, facts in RULES.items():
        rules = [Safeguard.model_validate({"name": f"r{n}"} | one) for n, one in enumerate(facts)]
        route = Route(
            workspace="w",
            environment="e",
            deployment="d",
            workspace_id=1,
            deployment_id="x",
            targets=(TARGET,),
            keys=(),
            signature=SIGNATURE,
            safeguards=tuple(rules),
        )
        admitted: Any = SimpleNamespace(
            guard=Guard(rules) if rules else None,
            route=route,
            skin=Skin.predict,
            media="application/json",
            model="m",
            source=None,
        )
        guarding = Safeguarding(lambda _: None, lambda _seconds, _call: None)

        def fast(admitted: Any = admitted, guarding: Safeguarding = guarding) -> None:
            if admitted.guard is not None:
                guarding.held(admitted, TARGET, "p-1", body, [0.7])

        def slow(admitted: Any = admitted, guarding: Safeguarding = guarding) -> None:
            if admitted.guard is None:
                return
            parsed = orjson.loads(document)
            answers = answers_of(Skin.predict, parsed)
            held = guarding.held(admitted, TARGET, "p-1", body, answers)
            if held is not None and held.is_changed:
                rewritten(admitted, TARGET, parsed, held.answers, "p-1")

        print(f"| {name} | {microseconds(fast):.2f} | {microseconds(slow):.2f} |", flush=True)


if __name__ == "__main__":
    main()
