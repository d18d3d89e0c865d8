"""How much a model relies on its inputs: measured in the real sandbox, used in the drift answer."""

import io
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace
from tests.make.registry import a_real_package, model_id, registered

from modelyard_protocol.package import Column, DType, Signature
from modelyard_server.kernel import jobs
from modelyard_server.monitoring import measuring

X_AND_Y = Signature(
    inputs=(Column(name="x", dtype=DType.double), Column(name="y", dtype=DType.double)),
    outputs=(Column(name="prediction", dtype=DType.long),),
)


@pytest.fixture
def platform(sqlite_platform):
    return sqlite_platform  # this starts processes; what differs by database is tested elsewhere


def points(count: int, seed: int, *, x: float = 0.0, y: float = 0.0) -> list[dict[str, float]]:
    draw = random.Random(seed)
    return [{"x": x + 3 * draw.random(), "y": y + draw.random()} for _ in range(count)]


def with_target(rows: list[dict[str, float]]) -> bytes:
    stream = io.BytesIO()
    labelled = [row | {"target": int(row["x"] >= 1.5)} for row in rows]
    pa_parquet.write_table(pa.Table.from_pylist(labelled), stream)
    return stream.getvalue()


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    """A deployment of a model that looks at x and hardly at y, with its training table."""
    measuring.forget()
    client = workspace.client("developer")
    files = a_real_package(tmp_path / "m") | {"train.parquet": with_target(points(600, 1))}
    registered(client, "relies-on-x", files)
    known = model_id(client, "relies-on-x")
    found = make.a_watched_deployment(
        workspace, tmp_path / "journal", signature=X_AND_Y, model_id=known
    )
    make.tidy(found)  # asks for what is not measured yet
    worker = jobs.Worker(workspace.platform.database, workspace.platform.services)
    while worker.run_one():
        pass
    return found


def feature(drift: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in drift["features"] if one["feature"] == name)


def test_inputs_are_ranked_by_drift_times_importance(watched: make.Watched):
    make.ingest(watched, watched.calls(points(400, 3, y=9.0)))
    quiet = watched.get("drift")
    assert feature(quiet, "y")["status"] == "drifting"
    assert quiet["verdict"] == "ok"  # the model does not look at it

    make.ingest(watched, watched.calls(points(400, 4, x=2.0, y=9.0)))
    measuring.forget()
    drift = watched.get("drift", role="viewer")
    told = drift["importance"]
    assert (told["reason"], told["has_outcomes"], told["rows"]) == (None, True, 600)
    assert told["source"].endswith("train.parquet")
    x, y = feature(drift, "x"), feature(drift, "y")
    assert x["importance"] > 0.2 > abs(y["importance"])
    assert (x["quadrant"], y["quadrant"]) == ("act", "ignore")
    assert y["score"] > x["score"]
    assert drift["features"][0]["feature"] == "x"  # y moved further, and does not matter
    assert drift["verdict"] == "drifting"
    assert drift["headline"].startswith("2 moved inputs carry 100% of what the model relies on.")
    assert "First to look at: x (drift " in drift["headline"]

    shape = watched.get("drift/distribution", feature="x")
    middle = next(one for one in shape["quantiles"] if one["share"] == 0.5)
    assert middle["reference"] == pytest.approx(1.5, abs=0.2)
    assert middle["current"] > 2.0
    found = watched.get("drift/rows", feature="x")
    assert len(found["rows"]) == 20
    assert all(one["is_typical"] and one["value"] > 2.0 for one in found["rows"])
    path = f"/api/v1/deployments/{watched.id}/drift/rows"
    viewer = watched.workspace.client("viewer").get(path, params={"feature": "x"})
    assert viewer.status_code == 403
    nothing = watched.workspace.client("developer").get(path, params={"feature": "z"})
    assert nothing.json()["code"] == "monitoring.feature_unknown"


def test_a_version_without_rows_says_why(workspace: TeamSpace, tmp_path: Path):
    found = make.a_watched_deployment(workspace, tmp_path, signature=X_AND_Y)
    make.tidy(found)
    make.tidy(found)  # asked once only
    worker = jobs.Worker(workspace.platform.database, workspace.platform.services)
    while worker.run_one():
        pass
    told = found.get("drift")["importance"]
    assert told["reason"] == "No table of rows with the model's inputs was logged or uploaded."
