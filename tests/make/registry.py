"""Packages to register: small ones that are only looked at, and real ones that predict."""

import pickle
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

MLFLOW = "/api/2.0/mlflow"
PLAIN_MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl}
  sklearn: {pickled_model: model.pkl}
signature:
  inputs: '[{"type": "double", "name": "x", "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
"""


def a_package(**more: bytes) -> dict[str, bytes]:
    """Files of a package that is complete but never loaded."""
    return {
        "MLmodel": PLAIN_MLMODEL.encode(),
        "model.pkl": pickle.dumps({"weights": [1.0, 2.0]}),
        "requirements.txt": b"numpy==2.4.6\n",
        **more,
    }


def logged(client: TestClient, files: dict[str, bytes]) -> str:
    """Log files with a run; give the source `runs:/…` to register."""
    made = client.post(f"{MLFLOW}/runs/create", json={"experiment_id": "0", "start_time": 1})
    assert made.status_code == 200, made.text
    info = made.json()["run"]["info"]
    prefix = info["artifact_uri"].removeprefix("mlflow-artifacts:").strip("/")
    for path, content in files.items():
        address = f"/api/2.0/mlflow-artifacts/artifacts/{prefix}/model/{path}"
        sent = client.put(address, content=content)
        assert sent.status_code == 200, sent.text
    return f"runs:/{info['run_id']}/model"


def registered(
    client: TestClient, name: str, files: dict[str, bytes] | None = None, **more: Any
) -> dict[str, Any]:
    """Register a package under a name; give MLflow's answer."""
    client.post(f"{MLFLOW}/registered-models/create", json={"name": name})
    source = more.pop("source", None) or logged(client, files or a_package())
    body = {"name": name, "source": source, **more}
    made = client.post(f"{MLFLOW}/model-versions/create", json=body)
    assert made.status_code == 200, made.text
    version: dict[str, Any] = made.json()["model_version"]
    return version


def model_id(client: TestClient, name: str) -> str:
    """Find a model's id by its name."""
    items = client.get("/api/v1/models", params={"q": name}).json()["items"]
    return str(next(item["id"] for item in items if item["name"] == name))


def files_of(folder: Path) -> dict[str, bytes]:
    """Read a saved package."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def a_real_package(folder: Path, *, requirements: str | None = None) -> dict[str, bytes]:
    """Train and save a small scikit-learn model as MLflow does."""
    import mlflow.sklearn
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression

    rows = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.0]})
    model = LogisticRegression().fit(rows, [0, 0, 1, 1])
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(rows, model.predict(rows)),
        input_example=rows.head(2),
        serialization_format="cloudpickle",
        pip_requirements=requirements.splitlines() if requirements else None,
    )
    return files_of(folder)


def a_hostile_package(folder: Path, port: int, marker: Path) -> dict[str, bytes]:
    """A package whose pickle, when loaded, calls out, writes a file and tells what it saw."""
    files = a_real_package(folder)
    script = f"""
import json, os, socket
seen = {{"environ": dict(os.environ)}}
for name, attempt in (
    ("connect", lambda: socket.create_connection(("127.0.0.1", {port}), 1) and "connected"),
    ("write", lambda: open({str(marker)!r}, "w").write("here") and "written"),
):
    try:
        seen[name] = attempt()
    except OSError as error:
        seen[name] = "refused: " + repr(error)
raise RuntimeError("SEEN" + json.dumps(seen))
"""
    files["model.pkl"] = pickle.dumps(_Runs(script))
    return files


class _Runs:
    def __init__(self, script: str) -> None:
        self._script = script

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self._script,)
