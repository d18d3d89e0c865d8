"""Which engine answers a revision's calls, and why: pure functions over what is stored.

A lane is the converter's report: `compiled` (the graph, or nothing), `reason`, `says` (how it was
converted), `probes`, `max_difference`, `tolerance`, `race`. Live traffic adds `switched_back`.
"""

from __future__ import annotations

from typing import Any

from modelyard_protocol.routing import Compiled

from .schemas import LaneOut


def graph_of(lane: dict[str, Any] | None) -> Compiled | None:
    """Give the graph that gateway workers are to answer with."""
    if lane is None or lane.get("switched_back") or lane.get("compiled") is None:
        return None
    return Compiled.model_validate(lane["compiled"])


def sentence(lane: dict[str, Any] | None) -> str:
    """Say what came of compiling, to follow the sentence about the stored prediction."""
    if lane is None:
        return ""
    if lane.get("compiled") is None:
        return f" Served by the original engine: {lane.get('reason')}"
    return f" Compiled to ONNX and equal on {lane.get('probes')} probes."


def switched_back(lane: dict[str, Any], reason: str) -> dict[str, Any]:
    """Give the lane of a revision whose graph is not to be used any more."""
    return {**lane, "switched_back": reason}


def lane_out(lane: dict[str, Any] | None) -> LaneOut | None:
    """Show a lane."""
    if lane is None:
        return None
    away = lane.get("switched_back")
    is_compiled = lane.get("compiled") is not None
    race = lane.get("race") or {}
    return LaneOut(
        engine="onnx" if is_compiled and not away else "original",
        state="switched_back" if away else "compiled" if is_compiled else "native",
        reason=away or lane.get("reason"),
        conversion=lane.get("says"),
        probes=lane.get("probes"),
        max_difference=lane.get("max_difference"),
        tolerance=lane.get("tolerance"),
        row_ms=race.get("graph_1_ms"),
        original_row_ms=race.get("original_1_ms"),
        rows_1000_ms=race.get("graph_1000_ms"),
        original_rows_1000_ms=race.get("original_1000_ms"),
        native_above_rows=(lane.get("compiled") or {}).get("native_above"),
    )
