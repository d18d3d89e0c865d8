"""What capture adds to one request of a gateway worker: `make bench-capture`.

The worker's own recorder is fed with answered calls of 30 numbers, in bursts as its loop answers
them, and hands its frames over a pipe to a reader that stands for the node. Measured is what a
request waits for (counting it in the tally's file, and noting it) and what it costs in all (framing
and the write are shared by the calls of a burst).
"""

import os
import statistics
import tempfile
import threading
import time
import uuid
from typing import BinaryIO

import conditions
import orjson

from modelyard_runtime.gateway.recorder import Mark, Noted, Recorder, pack_records
from modelyard_runtime.ledger import Tally

REQUESTS = 20_000
BURSTS = (1, 16, 64)
COLUMNS = 30
LIMIT_US = 50.0


def a_mark() -> Mark:
    """Give what the calls of one key have in common."""
    entry = {
        "key_id": uuid.uuid4().hex,
        "skin": "predict",
        "source": "live",
        "content_type": "application/json",
    }
    return Mark((1, str(uuid.uuid4()), 1, 1), 1.0, entry)


def a_call(mark: Mark, number: int) -> Noted:
    """Give one answered call with a row of numbers."""
    row = {f"feature_{at}": (number * 31 + at) % 997 / 7 for at in range(COLUMNS)}
    body = orjson.dumps({"rows": [row]})
    at_us = time.time_ns() // 1000
    return mark, 200, uuid.uuid4().hex, at_us, 2500, 900, body, b'{"predictions":[1]}'


def measured(burst: int, tally: BinaryIO) -> tuple[float, float, float]:
    """Give p50 and p99 of noting a call, and all that capture costs a call, in µs."""
    reading, writing = os.pipe()
    reader = threading.Thread(target=_drain, args=(reading,), daemon=True)
    reader.start()
    recorder = Recorder(
        lambda frames, calls: _write(writing, pack_records(frames, calls)),
        lambda frames: _write(writing, frames),
        lambda: 0,
        lambda _seconds, _step: None,
        Tally(tally.fileno()),
    )
    mark = a_mark()
    calls = [a_call(mark, number) for number in range(REQUESTS)]
    waits: list[int] = []
    began = time.thread_time_ns()
    for start in range(0, REQUESTS, burst):
        for call in calls[start : start + burst]:
            before = time.perf_counter_ns()
            recorder.tally.add(1)
            recorder.note(call)
            waits.append(time.perf_counter_ns() - before)
        recorder.flush()
    cost = (time.thread_time_ns() - began) / REQUESTS / 1000
    os.close(writing)
    reader.join()
    cuts = statistics.quantiles(waits, n=100)
    return statistics.median(waits) / 1000, cuts[98] / 1000, cost


def _write(descriptor: int, payload: bytes) -> None:
    left = memoryview(payload)
    while left:
        left = left[os.write(descriptor, left) :]


def _drain(descriptor: int) -> None:
    while os.read(descriptor, 1 << 20):
        pass
    os.close(descriptor)


def main() -> None:
    """Print one line for each size of burst."""
    print(conditions.told())
    print("\n| calls answered together | noting, p50 µs | p99 µs | all of capture, CPU µs a call |")
    print("|---:|---:|---:|---:|")
    worst = 0.0
    for burst in BURSTS:
        with tempfile.TemporaryFile() as tally:
            middle, late, cost = measured(burst, tally)
        worst = max(worst, middle, cost)
        print(f"| {burst} | {middle:.1f} | {late:.1f} | {cost:.1f} |")
    print(f"\nAllowed: {LIMIT_US:.0f} µs at p50; {'kept' if worst <= LIMIT_US else 'MISSED'}.")


if __name__ == "__main__":
    main()
