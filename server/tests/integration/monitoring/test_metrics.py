"""`/metrics`, read by a parser that refuses what the format does not allow."""

import math
import re
from pathlib import Path

import pytest
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_server.monitoring.exposition import Family, render

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"'
SAMPLE = re.compile(rf"({NAME})\{{((?:{LABEL})(?:,{LABEL})*)?\}} (\+Inf|-Inf|NaN|-?[0-9.e+-]+)")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parse(text: str) -> Series:
    """Read the exposition; raise at anything out of order, repeated or malformed."""
    assert text.endswith("\n")
    series: Series = {}
    kinds: dict[str, str] = {}
    helped = family = ""
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            helped = line.split(" ", 3)[2]
        elif line.startswith("# TYPE "):
            family, kind = line.split(" ")[2:]
            assert helped == family, line
            assert family not in kinds, line
            kinds[family] = kind
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            name, labels = found[1], re.findall(LABEL, found[2] or "")
            assert name in {family + end for end in SUFFIXES[kinds[family]]}, line
            assert len({key for key, _ in labels}) == len(labels), line
            key = (name, frozenset(labels))
            assert key not in series, line
            series[key] = float(found[7])
    check_histograms(series, kinds)
    return series


def check_histograms(series: Series, kinds: dict[str, str]) -> None:
    for name in (name for name, kind in kinds.items() if kind == "histogram"):
        groups: dict[frozenset[tuple[str, str]], list[tuple[float, float]]] = {}
        for (sample, labels), value in series.items():
            if sample == f"{name}_bucket":
                limit = float(dict(labels)["le"])
                rest = frozenset(pair for pair in labels if pair[0] != "le")
                groups.setdefault(rest, []).append((limit, value))
        for labels, buckets in groups.items():
            counts = [count for _, count in sorted(buckets)]
            assert counts == sorted(counts)
            assert max(buckets)[0] == math.inf
            assert counts[-1] == series[f"{name}_count", labels]


def value(series: Series, name: str, **wanted: str) -> float:
    found = [v for (n, labels), v in series.items() if n == name and set(wanted.items()) <= labels]
    assert len(found) == 1, (name, wanted, found)
    return found[0]


def name_of(watched: make.Watched) -> str:
    path = f"/api/v1/deployments/{watched.id}"
    name: str = watched.workspace.client("viewer").get(path).json()["name"]
    return name


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    return make.a_watched_deployment(workspace, tmp_path)


def test_an_endpoint_is_counted_by_status_and_latency(watched: make.Watched):
    slow = watched.traffic({"200": 10}, latency_us=90_000)
    make.ingest(watched, [watched.traffic({"200": 85, "422": 3, "503": 2}), slow])

    answer = watched.workspace.client("viewer").get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    series = parse(answer.text)
    requests = "modelyard_endpoint_requests_total"
    assert [value(series, requests, status=s) for s in ("2xx", "4xx", "5xx")] == [95, 3, 2]
    bucket = "modelyard_endpoint_latency_seconds_bucket"
    assert [value(series, bucket, le=le) for le in ("0.0025", "0.005", "0.1")] == [0, 90, 100]
    total = value(series, "modelyard_endpoint_latency_seconds_sum")
    assert total == pytest.approx(90 * 0.0025 + 10 * 0.09, rel=0.02)
    assert value(series, "modelyard_endpoint_drift_verdict", verdict="ok") == 0
    assert value(series, "modelyard_node_up") == 0
    assert value(series, "modelyard_jobs", state="dead") == 0


def test_counters_never_go_down_when_old_counts_are_pruned(watched: make.Watched):
    old = watched.traffic({"200": 7}, at=1_600_000_000)
    make.ingest(watched, [old, watched.traffic({"200": 1})])
    make.tidy(watched)

    series = parse(watched.workspace.client("viewer").get("/metrics").text)

    assert value(series, "modelyard_endpoint_requests_total", status="2xx") == 8


def test_a_token_sees_only_the_series_of_its_workspace(watched: make.Watched, tmp_path: Path):
    other = watched.workspace.platform.a_workspace()
    theirs = make.a_watched_deployment(other, tmp_path)
    make.ingest(watched, [watched.traffic({"200": 85})])

    told = other.client("viewer").get("/metrics").text

    series = parse(told)
    assert {dict(labels)["workspace"] for _, labels in series} == {other.slug}
    endpoints = {dict(labels).get("endpoint") for _, labels in series} - {None}
    assert endpoints == {name_of(theirs)}
    assert f'"{name_of(watched)}"' not in told
    assert f'"{watched.workspace.slug}"' not in told
    # Of the machine, which every workspace shares, only numbers are told.
    machine = {name for name, labels in series if {key for key, _ in labels} == {"workspace"}}
    assert machine == {
        "modelyard_node_up",
        "modelyard_dropped_records_total",
        "modelyard_capture_stopped",
        "modelyard_ingest_pending_bytes",
        "modelyard_ingest_lag_seconds",
    }


def test_no_label_comes_from_a_caller_and_traffic_makes_no_series(watched: make.Watched):
    client = watched.workspace.client("viewer")
    before = set(parse(client.get("/metrics").text))

    statuses = {str(status): 1 for status in range(400, 440)} | {"200": 900, "599": 1}
    calls = [watched.traffic(statuses, latency_us=10.0**power) for power in range(8)]
    make.ingest(watched, calls + watched.calls(make.rows(150, city='"\n{x="y"} 1')))

    after = parse(client.get("/metrics").text)
    assert set(after) == before
    seen: dict[str, set[str]] = {}
    for _, labels in after:
        for key, told in labels:
            seen.setdefault(key, set()).add(told)
    assert seen.pop("workspace") == {watched.workspace.slug}
    assert seen.pop("endpoint") == {name_of(watched)}
    assert {key: len(values) for key, values in seen.items()} == {
        "environment": 1,
        "status": 3,
        "le": 14,
        "state": 4,
        "verdict": 4,
    }


def test_labels_and_help_are_escaped():
    family = Family("a_total", "counter", 'back\\slash and\nline, "quotes" stay')
    family.add({"name": 'a"b\\c\nd'}, 2.5)

    text = render([family, Family("empty", "gauge", "Nothing.")])

    assert text == (
        '# HELP a_total back\\\\slash and\\nline, "quotes" stay\n# TYPE a_total counter\n'
        'a_total{name="a\\"b\\\\c\\nd"} 2.5\n'
    )
    assert list(parse(text).values()) == [2.5]
