"""Histories of real tools, brought over HTTP by the client people use."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, ViewType
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression
from tests.make.live import SOURCES, serving

from modelyard._transport import Transport
from modelyard.importing import Importer, mlflow_source
from modelyard.importing.neptune_source import NeptuneSource
from modelyard.importing.wandb_source import WandbSource

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("default"),  # MLflow, as a user runs it, warns
]
LOG = Path(__file__).parents[4] / "sdk/tests/data/run-3qwkrmxo.wandb"


@contextmanager
def tracking_to(uri: str) -> Iterator[MlflowClient]:
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        yield MlflowClient()
    finally:
        mlflow.set_tracking_uri(before[0])
        mlflow.set_registry_uri(before[1])


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite history of the real MLflow, with what makes imports hard."""
    folder = tmp_path_factory.mktemp("history")
    with tracking_to(f"sqlite:///{folder / 'mlflow.db'}") as client:
        where = (folder / "mlruns").as_uri()
        first = client.create_experiment("cells", f"{where}/1", tags={"team": "lab"})
        with mlflow.start_run(experiment_id=first, run_name="parent") as parent:
            mlflow.log_params({"alpha": "0.5", "schlüssel": "ä" * 1000})
            points = [Metric("loss", 1 / (n + 1), 1000 + n, n) for n in range(300)]
            client.log_batch(parent.info.run_id, metrics=points)
            mlflow.log_metric("odd", float("nan"), step=1)
            mlflow.log_metric("odd", float("inf"), step=2)
            mlflow.log_text("notes", "deep/er/notes ü.txt")
            frame = pd.DataFrame({"x": [1.0, 2.0]})
            mlflow.log_input(mlflow.data.from_pandas(frame, name="rows"), context="training")
            with mlflow.start_run(run_name="child", nested=True):
                mlflow.log_metric("loss", 0.25)
        with mlflow.start_run(experiment_id=first, run_name="thrown away") as away:
            pass
        client.delete_run(away.info.run_id)
        gone = client.create_experiment("old", f"{where}/2")
        client.create_run(gone, run_name="of an old experiment")
        client.delete_experiment(gone)
        fitted = LinearRegression().fit(np.array([[0.0], [1.0]]), [0.0, 2.0])
        example = pd.DataFrame({"x": [0.5]})
        with mlflow.start_run(experiment_id=first, run_name="model"):
            for _ in range(2):
                mlflow.sklearn.log_model(
                    fitted,
                    name="line",
                    registered_model_name="line",
                    signature=infer_signature(example, fitted.predict(example.to_numpy())),
                    pip_requirements=["scikit-learn"],
                )
        client.set_registered_model_alias("line", "champion", "2")
        client.delete_model_version("line", "1")
        client.update_registered_model("line", description="A line.")
    return folder / "mlflow.db"


def imported(url: str, token: str, place: str, **more: object) -> object:
    with mlflow_source.opened(place, **more) as source:  # type: ignore[arg-type]
        return Importer(Transport(url, token), source).run()


@contextmanager
def ours(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
    with tracking_to(url) as client:
        yield client


def test_a_sqlite_history_comes_whole_and_only_once(
    platform, live_server, history: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = platform.a_workspace().a_token("developer")
    with tracking_to(f"sqlite:///{history}") as there:
        before = {
            r.info.run_id: r
            for e in there.search_experiments(view_type=ViewType.ALL)
            for r in there.search_runs([e.experiment_id], run_view_type=ViewType.ALL)
        }
        parent = next(r for r in before.values() if r.info.run_name == "parent")
        loss = there.get_metric_history(parent.info.run_id, "loss")

    report = imported(live_server, token, str(history))
    again = imported(live_server, token, str(history))

    assert report.problems == []
    assert report.done == report.planned
    assert report.done["run"] == len(before) == 5
    assert again.done == {}
    assert again.unchanged == report.planned
    with ours(live_server, token, monkeypatch) as client:
        for run_id, was in before.items():
            run = client.get_run(run_id)
            assert run.info.run_name == was.info.run_name
            assert run.info.lifecycle_stage == was.info.lifecycle_stage
            assert run.info.status == was.info.status
            assert (run.info.start_time, run.info.end_time) == (
                was.info.start_time,
                was.info.end_time,
            )
            assert run.data.params == was.data.params
            assert was.data.tags.items() <= run.data.tags.items()
            np.testing.assert_equal(run.data.metrics, was.data.metrics)
        kept = client.get_metric_history(parent.info.run_id, "loss")
        assert [(p.step, p.timestamp, p.value) for p in kept] == [
            (p.step, p.timestamp, p.value) for p in loss
        ]
        assert client.get_run(parent.info.run_id).inputs.dataset_inputs[0].dataset.name == "rows"
        assert client.get_experiment_by_name("cells").experiment_id == "1"
        assert client.get_experiment_by_name("old").lifecycle_stage == "deleted"
        got = client.download_artifacts(parent.info.run_id, "deep/er/notes ü.txt", str(tmp_path))
        assert Path(got).read_text() == "notes"
        version = client.get_model_version_by_alias("line", "champion")
        assert version.version == "2"
        assert version.status == "READY"
        assert client.get_registered_model("line").description == "A line."
        assert [v.version for v in client.search_model_versions("name='line'")] == ["2"]
        line = mlflow.pyfunc.load_model("models:/line@champion")
        assert line.predict(pd.DataFrame({"x": [3.0]})) == pytest.approx([6.0])


def test_a_run_that_went_on_is_brought_up_to_date(
    platform, live_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = platform.a_workspace().a_token("developer")
    with tracking_to(f"sqlite:///{tmp_path / 'mlflow.db'}") as client:
        run = client.create_run("0")
        client.log_metric(run.info.run_id, "loss", 1.0, step=1)
    imported(live_server, token, str(tmp_path / "mlflow.db"))
    with tracking_to(f"sqlite:///{tmp_path / 'mlflow.db'}") as client:
        client.log_metric(run.info.run_id, "loss", 0.5, step=2)
        client.set_terminated(run.info.run_id)

    report = imported(live_server, token, str(tmp_path / "mlflow.db"))

    assert report.done == {"run": 1}
    with ours(live_server, token, monkeypatch) as client:
        now = client.get_run(run.info.run_id)
        assert (now.info.status, now.data.metrics) == ("FINISHED", {"loss": 0.5})


def test_a_killed_import_goes_on_where_it_was(
    server_process, history: Path, tmp_path: Path
) -> None:
    """The server dies under the importer; the next import completes what is there."""
    server_process.start()
    token = server_process.workspace.a_token("developer")
    sent: list[str] = []

    def stop_after_two(kind: str, *_: object) -> None:
        sent.append(kind)
        if len(sent) == 2:
            server_process.kill()

    with mlflow_source.opened(str(history)) as source:
        first = Importer(Transport(server_process.url, token), source)
        first.on_item = stop_after_two
        with pytest.raises(Exception, match="No answer"):
            first.run()
    server_process.start()

    report = imported(server_process.url, token, str(history))

    assert report.problems == []
    assert sum(report.unchanged.values()) == 2
    whole = {kind: report.done.get(kind, 0) + report.unchanged.get(kind, 0) for kind in report.done}
    assert whole == {kind: count for kind, count in report.planned.items() if count}


def test_a_live_server_is_read_with_its_own_credentials(
    server_process, sqlite_platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Our own server is an MLflow server, too; its token goes to it and to nobody else."""
    server_process.start()
    token = server_process.workspace.a_token("developer")
    with ours(server_process.url, token, monkeypatch) as client:
        run = client.create_run("0", run_name="there")
        client.log_metric(run.info.run_id, "loss", 0.5)
        client.log_text(run.info.run_id, "hello", "a/b.txt")
    here = sqlite_platform.a_workspace().a_token("developer")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", here)
    monkeypatch.setenv("SOURCE_MLFLOW_TRACKING_TOKEN", token)

    with serving(sqlite_platform.app) as url:
        report = imported(url, here, server_process.url)

        assert report.problems == []
        assert report.done["run"] == 1
        assert os.environ["MLFLOW_TRACKING_TOKEN"] == here
        with ours(url, here, monkeypatch) as client:
            got = client.download_artifacts(run.info.run_id, "a/b.txt", str(tmp_path))
            assert Path(got).read_text() == "hello"


def test_the_command_counts_first_and_shows_what_it_did(server_process, history: Path) -> None:
    server_process.start()
    space = server_process.workspace
    token = space.a_token("developer")

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")},
            "PYTHONPATH": os.pathsep.join(SOURCES),
            "MODELYARD_URL": server_process.url,
            "MODELYARD_TOKEN": token,
        }
        line = [sys.executable, "-m", "modelyard", "import", *arguments]
        return subprocess.run(
            line, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    counted = command("mlflow", str(history), "--dry-run")
    done = command("mlflow", str(history), "--experiment", "old")
    wrong = command("mlflow", str(history.parent / "nothing.db"))

    assert "5 runs" in counted.stdout
    assert counted.returncode == 0
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Brought: 1 experiments, 1 runs" in done.stdout
    assert wrong.returncode == 1
    assert "There is no" in wrong.stderr
    listed = space.client("viewer").get("/api/v1/imports").json()
    assert [(one["status"], one["done"]["run"]) for one in listed] == [("finished", 1)]


def test_a_wandb_log_becomes_a_run(
    platform, live_server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = platform.a_workspace().a_token("developer")
    folder = tmp_path / "wandb/offline-run-20261127_003415-3qwkrmxo"
    (folder / "files/nested").mkdir(parents=True)
    (folder / LOG.name).write_bytes(LOG.read_bytes())
    (folder / "files/nested/weights.txt").write_text("w")
    (folder / "files/elsewhere").symlink_to("/etc/hostname")

    report = Importer(Transport(live_server, token), WandbSource(tmp_path)).run()

    assert report.problems == []
    assert report.done == {"experiment": 1, "run": 1}
    with ours(live_server, token, monkeypatch) as client:
        experiment = client.get_experiment_by_name("cells")
        run = client.search_runs([experiment.experiment_id])[0]
        assert run.info.run_name == "first"
        assert run.info.status == "FINISHED"
        assert run.data.params == {"lr": "0.1", "layers": "[1, 2]", "opt.name": "adam"}
        assert run.data.metrics["loss"] == pytest.approx(0.2)
        assert len(client.get_metric_history(run.info.run_id, "loss")) == 5
        assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["nested"]


def neptune_row(path: str, kind: str, **values: object) -> dict[str, object]:
    return {
        "project_id": "team/cells",
        "run_id": "CELL-7",
        "attribute_path": path,
        "attribute_type": kind,
        **values,
    }


def test_a_neptune_export_becomes_a_run(
    platform, live_server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/weights.bin").write_bytes(b"w")
    rows = [
        neptune_row("sys/name", "string", string_value="seventh"),
        neptune_row("sys/creation_time", "datetime", datetime_value=at),
        neptune_row("config/lr", "float", float_value=0.1),
        neptune_row("config/names", "string_set", string_set_value=["a", "b"]),
        *[
            neptune_row(
                "train/loss",
                "float_series",
                float_value=1 / (n + 1),
                step=Decimal(n) / 2,
                timestamp=at + dt.timedelta(seconds=n),
            )
            for n in range(3)
        ],
        neptune_row("log", "string_series", string_value="hi", step=Decimal(1), timestamp=at),
        neptune_row("weights", "file", file_value={"path": "weights.bin"}),
        neptune_row("stolen", "file", file_value={"path": "../../../../etc/hostname"}),
    ]
    schema = pa.schema(
        [(n, pa.string()) for n in ("project_id", "run_id", "attribute_path", "attribute_type")]
        + [("step", pa.decimal128(18, 6)), ("timestamp", pa.timestamp("ms", "UTC"))]
        + [("int_value", pa.int64()), ("float_value", pa.float64()), ("string_value", pa.string())]
        + [("bool_value", pa.bool_()), ("datetime_value", pa.timestamp("ms", "UTC"))]
        + [("string_set_value", pa.list_(pa.string()))]
        + [("file_value", pa.struct([("path", pa.string())]))]
        + [("histogram_value", pa.struct([("type", pa.string())]))]
    )
    (tmp_path / "data/team_cells").mkdir(parents=True)
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, tmp_path / "data/team_cells/CELL-7_part_0.parquet")
    token = platform.a_workspace().a_token("developer")

    source = NeptuneSource(tmp_path / "data", tmp_path / "files")
    report = Importer(Transport(live_server, token), source).run()

    assert report.problems == []
    assert report.done == {"experiment": 1, "run": 1}
    with ours(live_server, token, monkeypatch) as client:
        experiment = client.get_experiment_by_name("team/cells")
        run = client.search_runs([experiment.experiment_id])[0]
        assert run.info.run_name == "seventh"
        assert run.info.start_time == int(at.timestamp() * 1000)
        assert run.data.params == {"config/lr": "0.1", "config/names": "a,b"}
        assert run.data.tags["neptune.step_decimals"] == "1"
        steps = [
            (p.step, p.value) for p in client.get_metric_history(run.info.run_id, "train/loss")
        ]
        assert steps == [(0, 1.0), (5, 0.5), (10, 1 / 3)]
        assert {f.path for f in client.list_artifacts(run.info.run_id)} == {"series", "weights"}
        got = client.download_artifacts(run.info.run_id, "series/log.jsonl", str(tmp_path))
        assert json.loads(Path(got).read_text())["value"] == "hi"


def test_what_does_not_fit_is_refused_and_nothing_is_half_there(platform) -> None:
    space = platform.a_workspace()
    http = space.client("developer")
    started = {"kind": "mlflow", "source": "x", "planned": {}}
    made = http.post("/api/v1/imports", json=started).json()
    base = f"/api/v1/imports/{made['id']}"
    run = {"source_id": "r", "experiment_id": "0", "name": "n", "started_ms": 1}

    def code(answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["code"]

    assert http.post(f"{base}/runs", json={**run, "status": "LOST"}).status_code == 422
    assert (
        http.post(f"{base}/runs", json={**run, "status": "FINISHED", "started_ms": -1}).status_code
        == 422
    )
    assert space.client("viewer").post("/api/v1/imports", json=started).status_code == 403
    unknown = {"kind": "run", "source_id": "never", "fingerprint": "f"}
    assert code(http.post(f"{base}/complete", json=unknown)) == (404, "imports.item_not_found")
    assert http.post(f"{base}/finish", json={}).json()["status"] == "finished"
    assert code(http.post(f"{base}/runs", json={**run, "status": "FINISHED"})) == (
        409,
        "imports.ended",
    )
    assert http.get("/api/v1/experiments/0/runs").json()["items"] == []
