"""Which strategy a revision is rolled out with, and which ones cannot be honoured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import environments
from .environment_schemas import Policy
from .errors import StrategyRefused
from .models import Deployment, Revision
from .rules import LLAMA
from .schemas import Strategy
from .strategy import GUARDED


def settled(
    deployment: Deployment,
    own: Sequence[Revision],
    asked: Strategy | None,
    signature: Mapping[str, Any],
    policy: Policy | None = None,
) -> Strategy | None:
    """Give the strategy of a next revision; `None`: all at once, nothing stands by.

    `policy` is the environment's: its own strategy for when nobody asked for one, and its limits.

    Raises:
        StrategyRefused: there is nothing to move traffic from, or both revisions cannot answer
            the same calls.
    """
    live = next((row for row in own if row.number == deployment.live_number), None)
    if asked is None:
        if live is None:
            return None
        guarded = GUARDED if deployment.environment == environments.PRODUCTION else None
        asked = (policy.strategy if policy else None) or guarded
    if asked is None:
        return None
    if asked.kind == "all_at_once" and not asked.bake_seconds:
        return asked
    if live is None:
        raise _refused("Nothing serves here yet, so there is no traffic to move step by step.")
    _refuse_share(asked, policy or Policy())
    if asked.kind in ("canary", "linear", "shadow"):
        wrong = differences(live.signature, signature)
        if wrong:
            raise _refused(
                f"Traffic cannot be shared with a revision that takes other input: {wrong[0]}. "
                "Use blue_green."
            )
    return asked


def refuse_language(
    deployment: Deployment, own: Sequence[Revision], asked: Strategy | None, engine: str
) -> None:
    """Refuse what cannot be done with language models.

    Raises:
        StrategyRefused: answers of texts are not compared, and a language model cannot share its
            address with a model of another kind.
    """
    live = next((row for row in own if row.number == deployment.live_number), None)
    if asked is None or live is None or LLAMA not in (live.engine, engine):
        return
    if asked.kind == "shadow":
        raise _refused("Answers of a language model cannot be compared, so it has no shadow.")
    if asked.kind in ("canary", "linear") and live.engine != engine:
        raise _refused("Only one of the revisions is a language model. Use blue_green.")


def _refuse_share(asked: Strategy, policy: Policy) -> None:
    if asked.kind == "shadow" and asked.percent > policy.shadow_cap:
        raise _refused(
            f"A shadow gets copies of {policy.shadow_cap} % of the calls at most here; an "
            "administrator sets that in the environment's policy."
        )
    if asked.kind in ("canary", "linear") and asked.percent == 100:
        raise _refused("A share of 100 % leaves nothing to compare with. Use blue_green.")


def differences(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """List what callers of one signature send that the other does not take as it is."""
    before = {column["name"]: column for column in now.get("inputs", [])}
    after = {column["name"]: column for column in then.get("inputs", [])}
    found = []
    for name, column in after.items():
        known = before.get(name)
        if known is None and column.get("required", True):
            found.append(f"column {name} is needed and not sent today")
        elif known is not None and known.get("dtype") != column.get("dtype"):
            found.append(f"column {name} is {known.get('dtype')} today, {column.get('dtype')} then")
    return found


def _refused(reason: str) -> StrategyRefused:
    return StrategyRefused(reason, fields=[{"location": "body.strategy", "problem": reason}])
