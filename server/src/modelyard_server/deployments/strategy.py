"""How a revision gets its traffic: plans as steps. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from .schemas import Guards, Strategy

PRODUCTION_BAKE_SECONDS = 300
AT_ONCE = Strategy(kind="all_at_once", bake_seconds=0, guards=None)
GUARDED = Strategy(kind="blue_green", bake_seconds=PRODUCTION_BAKE_SECONDS, guards=Guards())


@dataclass(frozen=True, slots=True)
class Step:
    """A share of traffic and how long it is held; `None`: until a person goes on."""

    weight: int
    hold_seconds: int | None


def steps_of(strategy: Strategy) -> tuple[Step, ...]:
    """Give the steps of a strategy; the last one has all traffic, the old revision standing by."""
    bake = strategy.bake_seconds
    if strategy.kind == "all_at_once":
        return (Step(100, 0),)
    if strategy.kind == "blue_green":
        return (Step(100, bake),)
    if strategy.kind == "canary":
        return (Step(strategy.percent, bake), Step(100, bake or 0))
    if strategy.kind == "shadow":  # copies until a person goes on; then as blue/green
        return (Step(0, None), Step(100, PRODUCTION_BAKE_SECONDS))
    shares = range(strategy.percent, 100, strategy.percent)
    return (*(Step(share, bake) for share in shares), Step(100, bake or 0))


def is_over(step: Step, since: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether a step has been held long enough."""
    if step.hold_seconds is None:
        return False
    return now - since >= dt.timedelta(seconds=step.hold_seconds)


def says(strategy: Strategy) -> str:
    """Give a strategy as words."""
    bake = (
        "until somebody goes on"
        if strategy.bake_seconds is None
        else (f"{strategy.bake_seconds} s")
    )
    return {
        "all_at_once": "All traffic at once.",
        "blue_green": f"All traffic at once, the old revision stands by for {bake}.",
        "canary": f"{strategy.percent} % for {bake}, then all traffic.",
        "shadow": f"Copies of {strategy.percent} % of the calls until somebody goes on.",
        "linear": f"{strategy.percent} % more every {bake}.",
    }[strategy.kind]
