"""The peers of `serving.py`: each installed into its own environment, started as documented.

All serve the plain estimator with two worker processes; handlers, where a peer wants one, are the
shortest that answer right.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.loads import Endpoint, PeerFailed, free_port, here, wait_for

_MODEL = ["scikit-learn==1.9.1", "xgboost-cpu==3.2.0", "numpy<2.5", "joblib"]
PACKAGES = {
    "mlserver": ["mlserver==1.7.1", "mlserver-sklearn", "mlserver-xgboost", "uvloop<0.22", *_MODEL],
    "bentoml": ["bentoml==1.4.39", *_MODEL],
    "litserve": ["litserve==0.2.19", *_MODEL],
    "ray": ["ray[serve]==2.60.0", "orjson", *_MODEL],
    "mlflow": [],  # the platform's own environment has it
}
_BENTO = """
import os
import bentoml, joblib, numpy as np

@bentoml.service(workers=2, traffic={"timeout": 30})
class Model:
    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    @bentoml.api(batchable=True, max_batch_size=256, max_latency_ms=1000)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.model.predict(rows)
"""
_LIT = """
import os, sys
import joblib, litserve, numpy as np

class Model(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load(os.environ["MODEL"])
    def decode_request(self, request):
        return np.array(request["rows"])
    def predict(self, rows):
        return self.model.predict(rows)
    def encode_response(self, found):
        return {"predictions": found.tolist()}

if __name__ == "__main__":
    server = litserve.LitServer(Model(), accelerator="cpu", workers_per_device=2)
    port = int(sys.argv[1])
    server.run(host="127.0.0.1", port=port, log_level="error", generate_client_file=False)
"""
_RAY = """
import os, sys, time
import joblib, numpy as np, orjson
from ray import serve
from starlette.responses import Response

@serve.deployment(num_replicas=2, max_ongoing_requests=100, ray_actor_options={"num_cpus": 0.5})
class Model:
    def __init__(self):
        self.model = joblib.load(os.environ["MODEL"])
    async def __call__(self, request):
        rows = np.array(orjson.loads(await request.body())["rows"])
        found = orjson.dumps({"predictions": self.model.predict(rows).tolist()})
        return Response(found, media_type="application/json")

serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
serve.run(Model.bind())
while True:
    time.sleep(1)
"""


def install(name: str) -> Path:
    """Give the interpreter of a peer's environment, made when there is none."""
    folder = here(name)
    python, done = folder / "bin" / "python", folder / "done"
    if not done.exists():
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
        line = [uv, "pip", "install", "-q", "--python", python, *PACKAGES[name]]
        subprocess.run(line, check=True)
        done.touch()
    return python


@contextlib.contextmanager
def serving(
    name: str, kind: str, model: Path, package: Path, row: list[float], columns: list[str]
) -> Iterator[Endpoint]:
    """Run a peer with a model until the block ends."""
    folder = model.parent / f"{name}-{kind}"
    folder.mkdir()
    port = free_port()
    made = {"mlserver": _mlserver, "bentoml": _bentoml, "litserve": _litserve, "ray": _ray}
    if name == "mlflow":
        line, endpoint, extra = _mlflow(package, port, columns)
    else:
        line, endpoint, extra = made[name](install(name), folder, port, kind, model)
    environment = {**os.environ, "MODEL": str(model), "OMP_NUM_THREADS": "1", **extra}
    environment["PATH"] = f"{Path(str(line[0])).parent}:{os.environ['PATH']}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            line, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        mark = f"MODEL={model}".encode()
        endpoint.pids = lambda: _session(process.pid, mark)
        try:
            wait_for(endpoint, row, lambda: process.poll() is None)
            yield endpoint
        except PeerFailed:
            sys.stderr.write((folder / "log").read_text()[-2000:])
            raise
        finally:
            for pid in endpoint.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait(timeout=30)


def _session(leader: int, mark: bytes) -> list[int]:
    """Give the processes of a session we started; Ray's children leave their parent."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                is_child = os.getsid(int(entry.name)) == leader
                if is_child or mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return [*dict.fromkeys([leader, *found])]


def _endpoint(name: str, url: str, body: Any, read: Any) -> Endpoint:
    return Endpoint(name, url, list, {}, body, read)


def _rows(name: str, url: str) -> Endpoint:
    return _endpoint(name, url, lambda rows: {"rows": rows}, lambda said: said["predictions"])


def _mlserver(python: Path, folder: Path, port: int, kind: str, model: Path) -> Any:
    settings = {
        "http_port": port, "grpc_port": free_port(), "metrics_port": free_port(),
        "host": "127.0.0.1", "parallel_workers": 2,
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    runtime = "mlserver_xgboost.XGBoostModel" if kind == "xgb" else "mlserver_sklearn.SKLearnModel"
    uri = model.with_suffix(".ubj") if kind == "xgb" else model
    facts = {"name": "m", "implementation": runtime, "parameters": {"uri": str(uri)}}
    (folder / "model-settings.json").write_text(json.dumps(facts))

    def body(rows: list[list[float]]) -> dict[str, Any]:
        flat = [value for row in rows for value in row]
        shape = [len(rows), len(rows[0])]
        return {"inputs": [{"name": "x", "shape": shape, "datatype": "FP64", "data": flat}]}

    url = f"http://127.0.0.1:{port}/v2/models/m/infer"
    endpoint = _endpoint(
        "MLServer 1.7.1 native", url, body, lambda said: said["outputs"][0]["data"]
    )
    return [python.parent / "mlserver", "start", folder], endpoint, {}


def _bentoml(python: Path, folder: Path, port: int, kind: str, model: Path) -> Any:
    del kind, model
    (folder / "service.py").write_text(_BENTO)
    line = [python.parent / "bentoml", "serve", "service:Model", "--host", "127.0.0.1"]
    url = f"http://127.0.0.1:{port}/predict"
    endpoint = _endpoint("BentoML 1.4.39 batching", url, lambda rows: {"rows": rows}, list)
    return [*line, "--port", str(port)], endpoint, {"BENTOML_DO_NOT_TRACK": "True"}


def _litserve(python: Path, folder: Path, port: int, kind: str, model: Path) -> Any:
    del kind, model
    (folder / "server.py").write_text(_LIT)
    endpoint = _rows("LitServe 0.2.19", f"http://127.0.0.1:{port}/predict")
    return [python, "server.py", str(port)], endpoint, {}


def _ray(python: Path, folder: Path, port: int, kind: str, model: Path) -> Any:
    del kind, model
    (folder / "server.py").write_text(_RAY)
    endpoint = _rows("Ray Serve 2.60 HAProxy", f"http://127.0.0.1:{port}/")
    extra = {
        "RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": str(folder),
    }  # fmt: skip
    return [python, "server.py", str(port)], endpoint, extra


def _mlflow(package: Path, port: int, columns: list[str]) -> Any:
    line = [sys.executable, "-m", "mlflow", "models", "serve", "-m", package, "-w", "2"]
    line += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    endpoint = _endpoint(
        "mlflow models serve 3.17.2",
        f"http://127.0.0.1:{port}/invocations",
        lambda rows: {"dataframe_split": {"columns": columns, "data": rows}},
        lambda said: said["predictions"],
    )
    return line, endpoint, {}
