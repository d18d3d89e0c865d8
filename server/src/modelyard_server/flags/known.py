"""The flags there are. A flag that is not listed here does not exist."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from .errors import FlagMissing

QUICK_DEPLOY = "quick_deploy_enabled"


@dataclass(frozen=True, slots=True)
class Flag:
    """A switch in the code. `plan` is how it is meant to be rolled out, step by step."""

    key: str
    title: str
    description: str
    default: bool
    added_on: dt.date
    remove_by: dt.date
    plan: tuple[str, ...]


FLAGS = (
    Flag(
        key=QUICK_DEPLOY,
        title="Quick deploy",
        description=(
            "Picks engine, processor, memory and GPU of a model by itself. Off: deploying shows "
            "the full form and auto-config does not exist."
        ),
        default=False,
        added_on=dt.date(2026, 11, 27),
        remove_by=dt.date(2027, 5, 31),
        plan=(
            "Internal: switched on for the organisation that set this installation up.",
            "5 % of people, for a week. Go on while automatic deployments fail no more often than "
            "manual ones and fewer than 1 in 10 is corrected.",
            "100 %. Remove the flag once nobody has switched it off for two months.",
        ),
    ),
)


def flag(key: str) -> Flag:
    """Give a flag by key.

    Raises:
        FlagMissing: there is none.
    """
    for known in FLAGS:
        if known.key == key:
            return known
    raise FlagMissing(f"There is no flag {key!r}.")
