"""Tokens that language models read and wrote, counted by revision and key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import orjson

from modelyard_protocol.records import frame
from modelyard_protocol.routing import Key

from .allowance import Allowance
from .recorder import Mark, Revision, revision_entry

Send = Callable[[bytes], None]
Later = Callable[[float, Callable[[], None]], Any]


class Metering:
    """Counts in one worker, and takes them off what a key has left; tells the node of them."""

    def __init__(self, send_counts: Send, later: Later, allowance: Allowance) -> None:
        self._send_counts, self._later = send_counts, later
        self.allowance = allowance
        self._counts: dict[tuple[Revision, str], list[int]] = {}

    def count(self, mark: Mark, key: Key, prompt: int, completion: int) -> None:
        """Add the tokens of one call; those of the console are no traffic."""
        self.allowance.use(key, prompt + completion)
        if not mark.is_live:
            return
        if not self._counts:
            self._later(1.0, self.flush)
        slot = self._counts.setdefault((mark.revision, mark.entry["key_id"]), [0, 0, 0])
        for at, more in enumerate((1, prompt, completion)):
            slot[at] += more

    def flush(self) -> None:
        """Hand the counts over."""
        counts, self._counts = self._counts, {}
        at = int(time.time())
        for (revision, key_id), slot in counts.items():
            entry = {"kind": "tokens", **revision_entry(revision), "at": at}
            entry |= dict(zip(("calls", "prompt", "completion"), slot, strict=True))
            self._send_counts(frame(orjson.dumps(entry | {"key_id": key_id})))
