"""Which tiers work on this machine: each is tried for real, not guessed from versions."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass

from .walls import Tier


@dataclass(frozen=True, slots=True)
class Probed:
    """The tiers that work, the one to use, and why not a stronger one."""

    tiers: list[Tier]
    chosen: Tier
    why: str


class NoSandbox(RuntimeError):
    """No tier works here and running without one was not allowed."""


def probe() -> Probed:
    """Try every tier, strongest first."""
    works: list[Tier] = []
    reasons: list[str] = []
    for tier in (Tier.bwrap, Tier.landlock):
        reason = _try(tier)
        if reason is None:
            works.append(tier)
        else:
            reasons.append(f"{tier.value}: {reason}")
    chosen = works[0] if works else Tier.none
    why = f"{chosen.value} is the strongest that works here" if works else "no sandbox works here"
    return Probed(works, chosen, "; ".join([why, *reasons]))


def choose(wanted: str, *, allow_unsandboxed: bool) -> Tier:
    """Give the tier to use.

    Raises:
        NoSandbox: fail closed: nothing works and `allow_unsandboxed` is off.
    """
    if wanted != "auto":
        tier = Tier(wanted)
        if tier is Tier.none and not allow_unsandboxed:
            raise NoSandbox("Running without a sandbox needs --allow-unsandboxed.")
        return tier
    if _try(Tier.bwrap) is None:
        return Tier.bwrap
    found = probe()
    if found.chosen is Tier.none and not allow_unsandboxed:
        raise NoSandbox(f"Refused to run model code: {found.why}.")
    return found.chosen


def _try(tier: Tier) -> str | None:
    """Give why a tier does not work; None when it does."""
    if tier is Tier.bwrap and shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    line = [sys.executable, "-m", "modelyard_runtime.sandbox", "run", "--tier", tier.value]
    inside = [*line, "--", sys.executable, "-c", "print('inside')"]
    try:
        done = subprocess.run(inside, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0 and done.stdout.strip() == "inside":
        return None
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1][:200]
