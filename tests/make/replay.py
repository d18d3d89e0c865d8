"""Replays known rows to a real deployment, and compares what the API says with the rows."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

from .journey import Member
from .patchy import PATCHY, training_rows

CONNECTIONS = 32  # asked in turn, each with one call open
REFUSED_EVERY = 50  # of the calls one has no row that fits
GAPS = 0.25  # of the columns that may have some
FINE, COARSE = 128, 10
CHUNK = 4096
TOLERANCE = 1e-9
HISTOGRAM_STEP = 1.02  # between two buckets of the latency histogram
Floats = NDArray[np.float64]


@dataclass
class Truth:
    """What was sent and answered, kept by whoever sent it."""

    rows: list[Floats] = field(default_factory=list)
    """Those that were answered; NaN is a gap."""
    predictions: list[int] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass
class Sender:
    """Keeps connections open and asks all of them in turn."""

    url: str
    key: str

    def __post_init__(self) -> None:
        parts = urlsplit(f"{self.url}/predict")
        self._address = (parts.hostname or "localhost", parts.port or 80)
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            "Content-Length: "
        ).encode()
        self._open = [socket.create_connection(self._address, 60) for _ in range(CONNECTIONS)]

    def send(self, bodies: list[bytes]) -> Iterator[tuple[int, bytes]]:
        """Send bodies, and give the status and body of each answer in their order."""
        for start in range(0, len(bodies), CONNECTIONS):
            part = bodies[start : start + CONNECTIONS]
            for connection, body in zip(self._open, part, strict=False):
                connection.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
            for connection, _ in zip(self._open, part, strict=False):
                yield _answer(connection)

    def close(self) -> None:
        """Hang up."""
        for connection in self._open:
            connection.close()


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    found = b""
    while True:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("The gateway hung up.")
        found += more
        head, end, body = found.partition(b"\r\n\r\n")
        if end:
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(body) >= length:
                return int(head[9:12]), body


def replay(sender: Sender, count: int, truth: Truth, seed: int = 1) -> None:
    """Send `count` calls of one row each, drawn from the training rows and moved a little.

    The first column moves by half a standard deviation, gaps are five times as many, and one call
    in fifty has a word where a number belongs.
    """
    table = training_rows()
    names, training = [*table.columns], table.to_numpy(np.float64)
    random = np.random.default_rng(seed)
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        rows = training[random.integers(0, len(training), size)]
        rows += random.normal(0, 0.05, rows.shape) * np.nanstd(training, axis=0)
        rows[:, 0] += training[:, 0].std() / 2
        for at in PATCHY:
            rows[random.random(size) < GAPS, at] = np.nan
        is_sound = np.arange(start, start + size) % REFUSED_EVERY != REFUSED_EVERY - 1
        truth.rows.append(rows[is_sound])
        bodies = [
            _body(names, values, sound)
            for values, sound in zip(rows.tolist(), is_sound.tolist(), strict=True)
        ]
        for status, answer in sender.send(bodies):
            truth.statuses[status] += 1
            if status == 200:
                truth.predictions.append(int(orjson.loads(answer)["predictions"][0]))


def _body(names: list[str], values: list[float], is_sound: bool) -> bytes:
    row = dict(zip(names, values, strict=True))  # NaN is written as null
    return orjson.dumps({"row": row if is_sound else row | {names[-1]: "a word"}})


# -- the API beside the rows


def counted(owner: Member, deployment_id: str) -> int:
    """Give how many calls the API counts in the last hour."""
    found = owner.get(f"/deployments/{deployment_id}/traffic", range="1h")
    return int(found["total"]["requests"])


def differing_counts(owner: Member, deployment_id: str, truth: Truth) -> list[str]:
    """Compare calls by class of status."""
    told = owner.get(f"/deployments/{deployment_id}/traffic", range="1h")["total"]
    sent = {
        "requests": truth.statuses.total(),
        "errors_4xx": sum(n for status, n in truth.statuses.items() if 400 <= status < 500),
        "errors_5xx": sum(n for status, n in truth.statuses.items() if status >= 500),
    }
    return [
        f"{name}: {told[name]} told, {number} sent"
        for name, number in sent.items()
        if told[name] != number
    ]


def differing_columns(owner: Member, deployment_id: str, truth: Truth) -> list[str]:
    """Compare every column's histogram, percentiles and gaps with the rows.

    A percentile is to lie in the one of 128 bins where the rows' own lies, give or take one row.
    """
    found = []
    live = np.concatenate(truth.rows)
    for name, training, values in _columns(live):
        path = f"/deployments/{deployment_id}/drift/distribution"
        told = owner.get(path, feature=name, window="1h")
        inner = [one["low"] for one in told["bins"][1:]]
        right = np.bincount(_places(inner, values), minlength=len(inner) + 1).tolist()
        counts = [round(one["current_share"] * told["n_current"]) for one in told["bins"]]
        if told["n_current"] != len(values) or counts != right:
            found.append(f"{name}: {counts} told, {right} sent")
        ends = np.concatenate([[-np.inf], _edges(training), [np.inf]])
        for one in told["quantiles"]:
            shares = np.clip(one["share"] + np.array([-1, 1]) / len(values), 0, 1)
            low, high = np.searchsorted(ends, np.quantile(values, shares), side="right")
            if not ends[low - 1] - TOLERANCE <= one["current"] <= ends[high] + TOLERANCE:
                bins = f"{ends[low - 1]} to {ends[high]}"
                found.append(f"{name}, {one['share']}: {one['current']} told, {bins} by rows")
    return found


def differing_drift(owner: Member, deployment_id: str, truth: Truth) -> list[str]:
    """Compare PSI, KS, its p-value and gaps, and JS of the predictions, with NumPy and SciPy."""
    path = f"/deployments/{deployment_id}/drift"
    by_name = {one["feature"]: one for one in owner.get(path, window="1h")["features"]}
    live = np.concatenate(truth.rows)
    found = []
    for name, training, values in _columns(live):
        right = _numeric(training, values)
        right["null_rate_current"] = 1 - len(values) / len(live)
        right["null_rate_reference"] = 1 - len(training) / len(training_rows())
        found += _apart(name, by_name[name], right)
    bins = owner.get(f"{path}/distribution", feature="prediction", window="1h")["bins"]
    # the baseline's predictions are the model's own on the training rows: their share is told
    reference = {int(one["label"]): one["reference_share"] for one in bins if one["label"] in "01"}
    shares = np.bincount(truth.predictions, minlength=2) / len(truth.predictions)
    js = float(jensenshannon([reference[0], reference[1]], shares, base=2))
    return found + _apart("prediction", by_name["prediction"], {"distance": js})


def _columns(live: Floats) -> Iterator[tuple[str, Floats, Floats]]:
    """Give each column's name with its values in training and live, without gaps."""
    table = training_rows()
    for at, name in enumerate(table.columns):
        training, values = table[name].to_numpy(np.float64), live[:, at]
        yield str(name), training[~np.isnan(training)], values[~np.isnan(values)]


def _edges(training: Floats) -> Floats:
    """Give the inner edges of bins of equal mass."""
    cuts = np.quantile(training, np.arange(1, FINE) / FINE, method="higher")
    return np.unique(cuts[cuts > training.min()])


def _places(edges: Floats | list[float], values: Floats) -> NDArray[np.int64]:
    return np.searchsorted(edges, values, side="right")


def _numeric(training: Floats, live: Floats) -> dict[str, float]:
    """Give what SciPy says of the same 128 bins of equal mass, pooled to ten for PSI."""
    edges = _edges(training)
    left, right = _places(edges, training), _places(edges, live)
    ks = stats.ks_2samp(left, right, method="asymp")
    before = np.bincount(left, minlength=len(edges) + 1)
    middle = (np.cumsum(before) - before / 2) / before.sum()
    group = np.minimum(COARSE - 1, (middle * COARSE).astype(int))
    p = np.bincount(group, before)
    q = np.bincount(group, np.bincount(right, minlength=len(edges) + 1))
    p, q = p / p.sum(), q / q.sum()
    psi = float(stats.entropy(p, q) + stats.entropy(q, p))
    return {"psi": psi, "statistic": float(ks.statistic), "p_value": float(ks.pvalue)}


def _apart(name: str, told: dict[str, Any], right: dict[str, float]) -> list[str]:
    return [
        f"{name}, {what}: {told[what]} told, {value} by SciPy"
        for what, value in right.items()
        if told[what] is None or abs(told[what] - value) > TOLERANCE
    ]


def kept(owner: Member, deployment_id: str, file: Path) -> pa.Table:
    """Download every kept row as Parquet; give ids, statuses and latencies."""
    path = f"/deployments/{deployment_id}/capture/rows"
    with owner.http.stream("GET", path, timeout=600) as answer, file.open("wb") as out:
        assert answer.status_code == 200
        for block in answer.iter_bytes():
            out.write(block)
    return pq.read_table(file, columns=["prediction_id", "status", "total_us"])


def differing_latency(
    owner: Member, deployment_id: str, raw: pa.Table
) -> tuple[list[str], dict[str, tuple[float, float]]]:
    """Compare latency percentiles with those of the raw rows: one bucket apart at most."""
    found, seen = [], {}
    told = owner.get(f"/deployments/{deployment_id}/traffic", range="1h")["total"]
    own = np.maximum(raw["total_us"].to_numpy() / 1000, 0.001)
    for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
        right = float(np.quantile(own, share, method="inverted_cdf"))
        seen[name] = (told[name], right)
        # the histogram counts whole microseconds, and the answer is rounded to them
        if abs(told[name] - right) > (HISTOGRAM_STEP - 1) * right + 0.001:
            found.append(f"{name}: {told[name]} told, {right} by rows")
    return found, seen
