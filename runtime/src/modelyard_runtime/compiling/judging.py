"""Is a graph the model? Every probe must be answered alike, and faster for single rows."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from modelyard_protocol.inference import Request, read_request
from modelyard_protocol.package import Signature
from modelyard_protocol.records import Skin
from modelyard_protocol.routing import Compiled
from modelyard_runtime.comparing import equal
from modelyard_runtime.fast.sessions import Graph, open_session
from modelyard_runtime.loading import Loaded
from modelyard_runtime.model import Model

from . import probes
from .converters import Candidate, candidates
from .errors import NotConvertible

SLOW_MS = 4.0  # of 64 rows: predicted in a thread, so that other callers are read meanwhile
HOP_MS = 0.2  # what it costs to ask the original instead
MANY_ROWS = 1000
FEWEST_ROWS = 64  # of a body that is handed to the original
CLEARLY = 1.5  # times faster, before two engines answer for one version
_RACE_SECONDS = 0.12


@dataclass(frozen=True, slots=True)
class Verdict:
    """A graph that may answer for the model, with what was found out."""

    content: bytes
    compiled: Compiled
    facts: dict[str, Any]


class Differs(Exception):
    """The graph answers something else than the original."""


def compile_model(loaded: Loaded) -> Verdict:
    """Give a proven graph of a model.

    Raises:
        NotConvertible: there is none; the text says why.
    """
    if loaded.directory.package.signature.is_tensor:
        raise NotConvertible("It takes tensors; the fast lane takes columns.")
    asked = probes.rows(loaded)
    expected = _expected(loaded.model, asked)
    reasons: list[str] = []
    for candidate in candidates(loaded):
        try:
            return _judged(candidate, loaded, asked, expected)
        except Differs as difference:
            reasons.append(f"{candidate.says}: {difference}")
        except Exception as error:
            reasons.append(f"{candidate.says}: {type(error).__name__}: {error}"[:300])
    raise NotConvertible("; ".join(reasons) or "No converter knows it.")


def _expected(model: Model, asked: Request) -> list[Any]:
    try:
        return model.predict(asked)
    except Exception:
        for at in range(asked.rows):
            try:
                model.predict(_part(asked, [at]))
            except Exception as refusal:
                row = {name: values[at] for name, values in asked.columns.items()}
                text = f"The original refuses some rows, which a graph would answer: {refusal}"
                raise NotConvertible(f"{text} ({orjson.dumps(row).decode()[:120]})") from None
        raise


def _judged(candidate: Candidate, loaded: Loaded, asked: Request, expected: list[Any]) -> Verdict:
    signature = loaded.directory.package.signature
    compiled = Compiled(
        graph="",
        sha256=hashlib.sha256(candidate.content).hexdigest(),
        feeds=candidate.feeds,
        outputs=candidate.outputs,
        column=candidate.column,
        tolerance=candidate.tolerance,
    )
    session = open_session(candidate.content)
    compiled = compiled.model_copy(
        update={"cast": _cast(session, compiled, signature, asked, expected)}
    )
    graph = Graph(session, compiled, signature)
    answered = graph.of_request(asked)
    difference = _same(answered, expected, candidate.tolerance, asked)
    for at in range(min(8, asked.rows)):
        alone = graph.of_request(_part(asked, [at]))
        _same(alone, expected[at : at + 1], candidate.tolerance, asked)
    race = _race(graph, loaded, asked)
    if race["graph_1_ms"] >= race["original_1_ms"] + HOP_MS:
        raise Differs("the original is faster for single rows")
    native_above = _crossing(race)
    compiled = compiled.model_copy(
        update={"native_above": native_above, "is_slow": race["graph_64_ms"] > SLOW_MS}
    )
    facts = {
        "says": candidate.says,
        "probes": asked.rows,
        "max_difference": difference,
        "tolerance": candidate.tolerance,
        "race": race,
    }
    return Verdict(candidate.content, compiled, facts)


def _cast(
    session: Any, compiled: Compiled, signature: Signature, asked: Request, expected: list[Any]
) -> str:
    """Tell what kind of number the original answers, where the graph's is another."""
    first = Graph(session, compiled, signature).of_request(_part(asked, [0]))[0]
    kind, wanted = type(first), type(expected[0])
    names = {int: "int", float: "float", bool: "bool"}
    if kind is wanted or wanted not in names or kind not in names:
        return "none"
    return names[wanted]


def _same(answered: list[Any], expected: list[Any], tolerance: float, asked: Request) -> float:
    """Give the largest relative difference between two lists of predictions.

    Raises:
        Differs: names the first row that is not the same.
    """
    worst = 0.0
    for at, (one, other) in enumerate(zip(answered, expected, strict=True)):
        if not (_alike(one, other) and equal(one, other, tolerance)):
            row = orjson.dumps({name: values[at] for name, values in asked.columns.items()})
            shown = row.decode()[:160]
            raise Differs(f"probe {at} got {one!r}, the original says {other!r} ({shown})"[:500])
        worst = max(worst, _difference(one, other))
    return worst


def _alike(one: Any, other: Any) -> bool:
    """JSON must look the same: 1 is not 1.0, and not true."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    return True


def _difference(one: Any, other: Any) -> float:
    if isinstance(one, list):
        return max(map(_difference, one, other), default=0.0)
    if isinstance(one, dict):
        return max((_difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, float) and math.isfinite(one) and math.isfinite(other):
        return abs(one - other) / max(abs(other), 1e-12) if one != other else 0.0
    return 0.0


def _race(graph: Graph, loaded: Loaded, asked: Request) -> dict[str, float]:
    """Time both engines from JSON body to predictions, at 1, 64 and 1000 rows."""
    signature, model = loaded.directory.package.signature, loaded.model
    found: dict[str, float] = {}
    for count in (1, 64, MANY_ROWS):
        body = _body(asked, count)

        def original(body: bytes = body) -> None:
            model.predict(read_request(Skin.predict, "application/json", body, signature))

        def compiled(body: bytes = body) -> None:
            flat = graph.matrix.read(Skin.predict, body) if graph.matrix else None
            matrix = graph.matrix.join([flat]) if graph.matrix and flat else None
            if matrix is not None:
                graph.of_matrix(matrix)
                return
            graph.of_request(read_request(Skin.predict, "application/json", body, signature))

        one, other = _shortest_ms(compiled, original)
        found[f"graph_{count}_ms"], found[f"original_{count}_ms"] = one, other
    return found


def _body(asked: Request, count: int) -> bytes:
    steady = min(asked.rows, 64)  # the first ones lie around the example
    names = list(asked.columns)
    rows = [{name: asked.columns[name][at % steady] for name in names} for at in range(count)]
    return orjson.dumps({"rows": rows})


def _shortest_ms(*functions: Callable[[], None]) -> list[float]:
    """Time functions in turns, so that a busy moment meets all of them."""
    shortest, begun = [math.inf] * len(functions), time.perf_counter()
    while True:
        for at, function in enumerate(functions):
            started = time.perf_counter()
            function()
            shortest[at] = min(shortest[at], time.perf_counter() - started)
        if time.perf_counter() - begun > _RACE_SECONDS:
            return [round(seconds * 1000, 4) for seconds in shortest]


def _crossing(race: dict[str, float]) -> int | None:
    """Give the number of rows above which the original is clearly faster, its hop included."""
    graph, original = race[f"graph_{MANY_ROWS}_ms"], race[f"original_{MANY_ROWS}_ms"] + HOP_MS
    if graph < CLEARLY * original:
        return None
    each = (graph - original - race["graph_1_ms"] + race["original_1_ms"]) / (MANY_ROWS - 1)
    ahead = race["original_1_ms"] + HOP_MS - race["graph_1_ms"]
    return max(FEWEST_ROWS, math.ceil(ahead / each)) if each > 0 else None


def _part(request: Request, at: list[int]) -> Request:
    columns = {name: [values[row] for row in at] for name, values in request.columns.items()}
    return Request(columns, len(at), request.named)
