"""What a worker notes of answered calls: complete counts, and records framed a batch at a time."""

from __future__ import annotations

import base64
import random
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from modelyard_protocol.records import MAX_BODY_BYTES, frame, latency_bucket
from modelyard_runtime.ledger import Tally

LINGER_SECONDS = 0.01  # a record waits no longer here
LONE_CALLS = 16  # answered one by one: framed between two of them, not all in front of one
BUSY_BYTES = 1024 * 1024  # unsent: the counts of a second are then sent together
MAX_UNSENT_BYTES = 16 * 1024 * 1024  # of records the node has not taken yet; past it they drop
MAX_BATCH_CALLS = 512
MAX_BATCH_BYTES = 2 * 1024 * 1024  # below the frame limit, escaped text included
_HEAD = struct.Struct("<I")
_QUICK_US = 16_384
_BUCKETS = tuple(latency_bucket(us) for us in range(_QUICK_US))

Revision = tuple[int, str, int, int]
"""(workspace id, deployment id, revision, version)"""


def revision_entry(revision: Revision) -> dict[str, Any]:
    """Write which revision a record is of."""
    names = ("workspace_id", "deployment_id", "revision", "version")
    return dict(zip(names, revision, strict=True))


class Mark:
    """What the calls of one key, revision and protocol have in common in the journal."""

    __slots__ = ("entry", "is_binary", "is_live", "rate", "revision")

    def __init__(self, revision: Revision, rate: float, entry: dict[str, Any]) -> None:
        self.revision = revision
        self.rate = rate
        self.is_live = entry["source"] == "live"
        self.is_binary = entry.get("encoding") == "base64"
        self.entry = {**revision_entry(revision), **entry}


Noted = tuple[Mark, int, str, int, int, int | None, bytes, bytes]
"""(mark, status, id, at µs, total µs, model µs, request, response)"""


class Recorder:
    """Collects what was answered and hands it to the node as journal frames."""

    def __init__(
        self,
        send_records: Callable[[bytes, int], None],
        send_counts: Callable[[bytes], None],
        unsent_bytes: Callable[[], int],
        later: Callable[[float, Callable[[], None]], Any],
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        """Whoever answers calls counts them here first, so that none is lost unseen."""
        self._send_records, self._send_counts = send_records, send_counts
        self._unsent_bytes, self._later = unsent_bytes, later
        self._noted: list[Noted] = []
        self._framed: list[tuple[bytes, int]] = []
        self._counts: dict[tuple[Revision, int], dict[str, Any]] = {}
        self._is_due = self._is_owing = False
        self.dropped = 0

    def note(self, call: Noted) -> None:
        """Count and record one answered call."""
        self.note_all([call], int(time.time()))

    def note_all(self, calls: list[Noted], second: int) -> None:
        """Count and record answered calls."""
        self._noted += calls
        for mark, status, _, _, total_us, _, _, _ in calls:
            if mark.is_live:
                found = self._slot(mark.revision, second)
                found["requests"] += 1
                by_status, latencies = found["by_status"], found["latency_us"]
                by_status[status] = by_status.get(status, 0) + 1
                index = (
                    _BUCKETS[total_us] if 0 <= total_us < _QUICK_US else latency_bucket(total_us)
                )
                latencies[index] = latencies.get(index, 0) + 1
        if len(calls) == 1 and len(self._noted) >= LONE_CALLS:
            self._frame_noted()
        if not self._is_due:
            self._is_due = True
            self._later(LINGER_SECONDS, self.flush)

    def flush(self, *, is_last: bool = False) -> None:
        """Hand over counts and records together: a kill takes no more of the first.

        While the node is behind, the counts of a second wait until it is over.
        """
        self._is_due = False
        unsent = self._unsent_bytes()
        self._flush_counts(None if is_last or unsent <= BUSY_BYTES else int(time.time()))
        if unsent > MAX_UNSENT_BYTES:
            self.dropped += len(self._noted) + sum(calls for _, calls in self._framed)
            self._noted, self._framed = [], []
        else:
            self._frame_noted()
            self._hand_over()

    def _flush_owed(self) -> None:
        self._is_owing = False
        self.flush()

    def _slot(self, revision: Revision, second: int) -> dict[str, Any]:
        found = self._counts.get((revision, second))
        if found is None:
            found = {"requests": 0, "by_status": {}, "latency_us": {}}
            self._counts[revision, second] = found
        return found

    def _flush_counts(self, before: int | None) -> None:
        done = [slot for slot in self._counts if before is None or slot[1] < before]
        if done:
            frames = [_traffic(slot, self._counts.pop(slot)) for slot in done]
            self._send_counts(b"".join(frames))
        if self._counts and not self._is_owing:
            self._is_owing = True
            self._later(1.1, self._flush_owed)

    def _frame_noted(self) -> None:
        noted, self._noted = self._noted, []
        groups: dict[tuple[Mark, int, bool], list[Noted]] = {}
        for call in noted:
            mark = call[0]
            is_sampled = mark.rate >= 1 or random.random() < mark.rate  # noqa: S311 - a sample
            groups.setdefault((mark, call[1], is_sampled), []).append(call)
        for (mark, status, is_sampled), calls in groups.items():
            for part in _parts(calls):
                payload = _document(mark, status, is_sampled, part)
                self._framed.append((frame(payload), len(part)))

    def _hand_over(self) -> None:
        """Send each frame by itself: of one that a full disk cuts, all its calls are lost."""
        framed, self._framed = self._framed, []
        for frames, calls in framed:
            self._send_records(frames, calls)


def pack_records(frames: bytes, records: int) -> bytes:
    """Write the payload of a `records` frame."""
    return _HEAD.pack(records) + frames


def read_packed(payload: bytes) -> tuple[bytes, int]:
    """Give the journal frames of a `records` payload and how many calls they hold."""
    return payload[_HEAD.size :], int(_HEAD.unpack_from(payload)[0])


def _parts(calls: list[Noted]) -> Iterator[list[Noted]]:
    """Cut calls where the next part would hold more of them, or more bytes, than it may."""
    part: list[Noted] = []
    held = 0
    for call in calls:
        more = _size(call)
        if part and (len(part) >= MAX_BATCH_CALLS or held + more > MAX_BATCH_BYTES):
            yield part
            part, held = [], 0
        part.append(call)
        held += more
    if part:
        yield part


def _size(call: Noted) -> int:
    return len(call[6]) + len(call[7])


def _document(mark: Mark, status: int, is_sampled: bool, calls: list[Noted]) -> bytes:
    shared = {
        **mark.entry,
        "status": status,
        "weight": 1 / mark.rate if is_sampled and mark.rate > 0 else 1.0,
    }
    if len(calls) == 1:
        name, at_us, total_us, model_us, request, response = calls[0][2:]
        return orjson.dumps(
            {
                "kind": "prediction",
                "id": name,
                "at_us": at_us,
                **shared,
                "total_us": total_us,
                "model_us": model_us,
                "request": _captured(request, mark.is_binary) if is_sampled else None,
                "response": _captured(response) if is_sampled else None,
                "request_bytes": len(request),
                "response_bytes": len(response),
            }
        )
    columns = [*zip(*calls, strict=True)]
    return orjson.dumps(
        {
            "kind": "predictions",
            **shared,
            **dict(zip(("ids", "at_us", "total_us", "model_us"), columns[2:6], strict=True)),
            "requests": [
                _captured(body, mark.is_binary) if is_sampled else None for body in columns[6]
            ],
            "responses": [_captured(body) if is_sampled else None for body in columns[7]],
            "request_bytes": [*map(len, columns[6])],
            "response_bytes": [*map(len, columns[7])],
        }
    )


def _captured(body: bytes, is_binary: bool = False) -> str | None:
    if len(body) > MAX_BODY_BYTES:
        return None
    if is_binary:
        return base64.b64encode(body).decode()
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _traffic(slot: tuple[Revision, int], counts: dict[str, Any]) -> bytes:
    revision, at = slot
    entry = {"kind": "traffic", **revision_entry(revision), "at": at, **counts}
    return frame(orjson.dumps(entry, option=orjson.OPT_NON_STR_KEYS))
