"""Packages to register: small ones that are only looked at, and real ones that predict."""

import json
import pickle
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from .packages import a_malicious_package, a_pickled_package

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
    answer: dict[str, Any] = made.json()["model_version"]
    return answer


def model_id(client: TestClient, name: str) -> uuid.UUID:
    """Find a model's id by its name."""
    items = client.get("/api/v1/models", params={"q": name}).json()["items"]
    return uuid.UUID(next(item["id"] for item in items if item["name"] == name))


def files_of(folder: Path) -> dict[str, bytes]:
    """Read a saved package."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def a_real_package(folder: Path, *, requirements: str | None = None) -> dict[str, bytes]:
    """A small scikit-learn model that predicts `[0, 0]`; by default pinned to what is installed."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]], [0, 0, 1, 1])
    a_pickled_package(folder, model, ["x", "y"], [0.0, 1.0])
    example = {"columns": ["x", "y"], "data": [[0.0, 1.0], [1.0, 0.0]]}
    (folder / "input_example.json").write_text(json.dumps(example))
    pins = [f"{name}=={version(name)}" for name in ("scikit-learn", "numpy", "pandas")]
    (folder / "requirements.txt").write_text(requirements or "\n".join(pins))
    return files_of(folder)


def a_hostile_package(folder: Path, port: int, marker: Path) -> dict[str, bytes]:
    """A package whose pickle, when loaded, calls out, writes a file and tells what it saw."""
    script = f"""
import json, os
seen = {{"environ": dict(os.environ)}}
call_out = __import__("socket").create_connection
for name, attempt in (
    ("connect", lambda c=call_out: c(("127.0.0.1", {port}), 1) and "connected"),
    ("write", lambda: open({str(marker)!r}, "w").write("here") and "written"),
):
    try:
        seen[name] = attempt()
    except OSError as error:
        seen[name] = "refused: " + repr(error)
raise RuntimeError("SEEN" + json.dumps(seen))
"""
    return files_of(a_malicious_package(folder, script))
