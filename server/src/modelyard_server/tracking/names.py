"""Names for runs whose author gave none."""

from __future__ import annotations

import secrets

_HOW = (
    "amber", "bold", "brisk", "calm", "candid", "clever", "crisp", "deep", "eager", "fair", "fleet",
    "gentle", "glad", "keen", "kind", "lively", "lucid", "mellow", "neat", "nimble", "noble",
    "patient", "quick", "quiet", "ready", "silver", "smooth", "steady", "sunny", "swift", "warm",
    "wise",
)  # fmt: skip
_WHAT = (
    "alder", "badger", "birch", "brook", "cedar", "comet", "crane", "delta", "ember", "falcon",
    "fern", "finch", "harbor", "heron", "island", "jay", "lark", "maple", "meadow", "orchid",
    "otter", "pebble", "pine", "raven", "reef", "ridge", "river", "robin", "sparrow", "tern",
    "valley", "willow",
)  # fmt: skip


def a_name() -> str:
    """Make a readable name such as `calm-heron-412`."""
    number = 100 + secrets.randbelow(900)
    return f"{secrets.choice(_HOW)}-{secrets.choice(_WHAT)}-{number}"
