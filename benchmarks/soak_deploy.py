"""A hundred deployments, one after the other, of every kind of model: how many succeed, how fast.

    python benchmarks/soak_deploy.py [--count 100] [--at-once 2] [--only boosted,graph]

Starts a fresh installation, has MLflow log one model of each framework, and deploys them in turn
under new names. A deployment has succeeded when it is live and answers what the model answered in
training; it is then stopped and deleted. The first one of a model builds its environment, and
compiles and verifies it; the others find both. Exits with 1 when fewer than 98 % succeed. PyTorch
and Keras are logged by the interpreter of `.make/autolog`, TensorFlow's by that of
`.make/tensorflow`; both are left out where they are missing.
"""

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [str(ROOT / part / "src") for part in ("protocol", "server", "sdk")]

from benchmarks.conditions import told  # noqa: E402
from tests.make.installation import an_installation  # noqa: E402
from tests.make.journey import Member, an_owner  # noqa: E402

HEAVY = ROOT / ".make" / "autolog" / "bin" / "python"
TENSORFLOW = ROOT / ".make" / "tensorflow" / "bin" / "python"
ENOUGH = 0.98
STEPS = ("prepare", "build", "verify", "start", "traffic")
PATIENCE_SECONDS = 900  # of one deployment, its environment's build included
BEGIN = """
import json, os, mlflow, numpy as np, pandas as pd
from importlib.metadata import version
from mlflow.models import infer_signature
rng = np.random.default_rng(7)
x = pd.DataFrame(rng.normal(size=(200, 3)), columns=["width", "height", "depth"])
y = (x["width"] + x["height"] > 0).astype(int)
def log(flavor, name, model, rows, expected, needs=(), **more):
    # what MLflow answers is kept beside it, to be compared with what the deployment answers
    signature = infer_signature(rows, np.asarray(expected))
    facts = {"signature": signature, "input_example": rows[:2], "registered_model_name": name}
    # written down as MLflow would, which loads the model once more to find them out
    names = ["mlflow", "numpy", "pandas", "scipy", "cloudpickle", *needs]
    pinned = [f"{one}=={version(one).partition('+')[0]}" for one in names]  # torch says 2.13.0+cpu
    more.setdefault("pip_requirements", pinned)
    with mlflow.start_run(run_name=name):
        flavor.log_model(model, name=name, **(facts | more))
    sent = rows[:2].to_dict("records") if isinstance(rows, pd.DataFrame) else rows[:2].tolist()
    print("logged", json.dumps([name, sent, np.asarray(expected)[:2].tolist()]))
"""
LIGHT = {
    "pipeline": """
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
rows = pd.DataFrame({"text": ["good and cheap", "bad and dear"] * 50,
    "city": ["Rome", "Oslo", "Lima", "Rome"] * 25, "price": rng.normal(size=100)})
columns = ColumnTransformer([("text", TfidfVectorizer(), "text"),
    ("city", OneHotEncoder(handle_unknown="ignore"), ["city"]), ("n", StandardScaler(), ["price"])])
model = make_pipeline(columns, LogisticRegression()).fit(rows, [1, 0] * 50)
log(mlflow.sklearn, "pipeline", model, rows, model.predict(rows), ["scikit-learn"])
""",
    "xgboost": """
from xgboost import XGBClassifier
model = XGBClassifier(n_estimators=20, max_depth=3).fit(x, y)
log(mlflow.xgboost, "xgboost", model, x, model.predict(x), ["xgboost-cpu", "scikit-learn"])
""",
    "lightgbm": """
from lightgbm import LGBMClassifier
model = LGBMClassifier(n_estimators=20, num_leaves=4, verbose=-1).fit(x, y)
log(mlflow.lightgbm, "lightgbm", model, x, model.predict(x), ["lightgbm", "scikit-learn"])
""",
    "onnx": """
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression
fitted = LinearRegression().fit(x, x.sum(axis=1))
rows = x.to_numpy()
log(mlflow.onnx, "onnx", to_onnx(fitted, rows[:1]), rows, fitted.predict(rows).reshape(-1, 1),
    ["onnx", "onnxruntime"])
""",
    "pyfunc": """
class AsksHumans(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        import humanize
        return [humanize.intcomma(int(width)) for width in model_input["width"]]
rows = pd.DataFrame({"width": [1000.0, 25000.0]})
log(mlflow.pyfunc, "pyfunc", None, rows, ["1,000", "25,000"], python_model=AsksHumans(),
    pip_requirements=["mlflow-skinny", "humanize==4.9.0", "pandas", "cloudpickle"])
""",
}
WITH_TORCH = {
    "pytorch": """
import torch
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)).eval()
rows = x.to_numpy("float32")
log(mlflow.pytorch, "pytorch", net, rows, net(torch.tensor(rows)).detach().numpy(), ["torch"])
""",
    "keras": """
os.environ["KERAS_BACKEND"] = "torch"
import keras
net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
net.compile("sgd", "mse")
rows = x.to_numpy("float32")
expected = net.predict(rows, verbose=0)
# MLflow 3.17.2 saves the example of a Keras model before it makes the folder, and fails
log(mlflow.keras, "keras", net, rows, expected, ["keras", "torch"], input_example=None)
""",
}
WITH_TENSORFLOW = {
    "tensorflow": """
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
net.compile("sgd", "mse")
rows = x.to_numpy("float32")
expected = net.predict(rows, verbose=0)
log(mlflow.tensorflow, "tensorflow", net, rows, expected, ["keras", "tensorflow-cpu"])
""",
    "savedmodel": """
import tensorflow as tf
class Sums(tf.Module):
    def __init__(self):
        self.factors = tf.Variable([[1.0], [2.0], [3.0]])
    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, name="rows")])
    def __call__(self, rows):
        return {"sum": rows @ self.factors}
rows, net = x.to_numpy("float32"), Sums()
expected = net(rows)["sum"].numpy()
log(mlflow.tensorflow, "savedmodel", net, rows, expected, ["tensorflow-cpu"])
""",
}


@dataclass
class Fixture:
    """One registered model with two rows and what it answers to them."""

    name: str
    rows: list[Any]
    expected: list[Any]
    model_id: str
    config: dict[str, Any]


@dataclass
class Outcome:
    """One deployment: seconds until it was live, or why it failed."""

    model: str
    seconds: float
    reason: str | None = None
    steps: dict[str, float] = field(default_factory=dict)
    """How long each step took."""


@dataclass
class Table:
    """All outcomes of one model, in their order."""

    outcomes: list[Outcome] = field(default_factory=list)

    def line(self, model: str) -> str:
        good = [one.seconds for one in self.outcomes if one.reason is None]
        later = sorted(good[1:]) or good
        first = f"{good[0]:.1f}" if good else "-"
        middle = f"{statistics.median(later):.1f}" if later else "-"
        slow = f"{later[min(len(later) - 1, round(len(later) * 0.95))]:.1f}" if later else "-"
        return f"| {model} | {len(good)} of {len(self.outcomes)} | {first} | {middle} | {slow} |"

    def steps(self, model: str) -> str:
        """Give the steps of the first deployment; some run beside each other."""
        own = self.outcomes[0].steps
        return f"| {model} | {' | '.join(f'{own[name]:.1f}' for name in STEPS if name in own)} |"


def logged(owner: Member, python: Path, name: str, code: str) -> Fixture | str:
    """Have a program log and register a model; give it with its picked setup, or why not."""
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("MODELYARD_")},
        "MLFLOW_TRACKING_URI": owner.installation.url,
        "MLFLOW_TRACKING_TOKEN": owner.token,
    }
    done = subprocess.run(
        [python, "-c", BEGIN + code],
        env=environment,
        cwd=owner.installation.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("logged ")]
    if done.returncode or not lines:
        return f"could not be logged: {done.stderr.strip().splitlines()[-1:]}"
    _, rows, expected = json.loads(lines[-1].removeprefix("logged "))
    model_id = owner.model(name)["id"]
    picked = owner.post("/serving/auto-config", {"model_id": model_id})
    config = {key: picked[key] for key in ("engine", "cpu", "memory_gb", "gpu")}
    return Fixture(name, rows, expected, model_id, config)


def deployed(owner: Member, fixture: Fixture, number: int) -> Outcome:
    """Deploy, call, compare, delete."""
    begun = time.perf_counter()
    body = {"model_id": fixture.model_id, "config": fixture.config, "environment": "dev"}
    answer = owner.http.post("/serving/deploy", json={**body, "name": f"soak-{number}"})
    if answer.status_code >= 300:
        return Outcome(fixture.name, 0.0, f"refused: {answer.text[:300]}")
    found = answer.json()
    try:
        reason = waited(owner, found["id"])
        seconds = time.perf_counter() - begun
        reason = reason or answered(owner, found, fixture)
        steps = owner.get(f"/deployments/{found['id']}")["latest_revision"]["steps"]
        return Outcome(fixture.name, seconds, reason, {one["name"]: took(one) for one in steps})
    except (httpx.HTTPError, AssertionError, KeyError) as error:
        return Outcome(fixture.name, 0.0, f"{type(error).__name__}: {error}"[:300])
    finally:
        owner.http.post(f"/deployments/{found['id']}/stop", json={})
        owner.http.delete(f"/deployments/{found['id']}")


def took(step: dict[str, Any]) -> float:
    """Give the seconds between a step's beginning and its end."""
    begun, ended = step["started_at"], step["finished_at"]
    if begun is None or ended is None:
        return 0.0
    return (dt.datetime.fromisoformat(ended) - dt.datetime.fromisoformat(begun)).total_seconds()


def waited(owner: Member, deployment_id: str) -> str | None:
    """Wait until it is live; give the reason when it will not be."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = owner.get(f"/deployments/{deployment_id}")
        newest = found["latest_revision"]
        if newest["status"] == "failed":
            steps = [step["name"] for step in newest["steps"] if step["status"] == "failed"]
            return f"failed in {', '.join(steps) or 'no step'}: {newest['status_reason']}"
        if found["live_revision"] is not None and found["status"] == "ready":
            return None
        time.sleep(0.1)
    return f"not live after {PATIENCE_SECONDS} s"


def answered(owner: Member, found: dict[str, Any], fixture: Fixture) -> str | None:
    """Call it; give the reason when the answer is not the model's."""
    key = owner.a_key(found["id"])
    answer = httpx.post(
        f"{found['url']}/predict",
        json={"rows": fixture.rows},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    if answer.status_code != 200:
        return f"answered {answer.status_code}: {answer.text[:300]}"
    got = answer.json()["predictions"]
    return None if alike(got, fixture.expected) else f"answered {got}, not {fixture.expected}"


def alike(one: Any, other: Any) -> bool:
    """Compare predictions; numbers to six digits, a row of one number as that number."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(alike(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, dict):
        return len(one) == 1 and alike(next(iter(one.values())), other)
    if isinstance(other, list) and len(other) == 1:
        return alike(one, other[0])
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return abs(float(one) - float(other)) <= 1e-5 * max(1.0, abs(float(other)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    print(told(), "\n")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        an_installation(Path(name)) as installation,
    ):
        owner = an_owner(installation)
        programs = [(Path(sys.executable), *one) for one in LIGHT.items()]
        for python, heavy in ((HEAVY, WITH_TORCH), (TENSORFLOW, WITH_TENSORFLOW)):
            if python.parents[1].joinpath("complete").exists():
                programs += [(python, *one) for one in heavy.items()]
        wanted = [one for one in programs if not only or one[1] in only]
        found = {one[1]: logged(owner, *one) for one in wanted}
        fixtures = [one for one in found.values() if isinstance(one, Fixture)]
        jobs = [(fixtures[at % len(fixtures)], at) for at in range(options.count)]
        with ThreadPoolExecutor(options.at_once) as pool:
            outcomes = list(pool.map(lambda job: deployed(owner, *job), jobs))
    return report(outcomes, {k: v for k, v in found.items() if isinstance(v, str)})


def report(outcomes: list[Outcome], missing: dict[str, str]) -> int:
    """Print the table; give the exit code."""
    tables: dict[str, Table] = {}
    for one in outcomes:
        tables.setdefault(one.model, Table()).outcomes.append(one)
    print("| model | live and right | first, s | median of the others, s | p95 of the others, s |")
    print("|---|---:|---:|---:|---:|")
    for model, table in tables.items():
        print(table.line(model))
    print(f"\n| first of its model | {' | '.join(f'{name}, s' for name in STEPS)} |")
    print(f"|---|{'---:|' * len(STEPS)}")
    for model, table in tables.items():
        print(table.steps(model))
    failed = [one for one in outcomes if one.reason is not None]
    share = 1 - len(failed) / len(outcomes)
    print(f"\n{len(outcomes) - len(failed)} of {len(outcomes)} succeeded ({share:.0%}).")
    reasons = [f"{one.model}: {one.reason}" for one in failed]
    for reason in sorted(set(reasons)):
        print(f"- {reasons.count(reason)}x {reason}")
    for model, reason in missing.items():
        print(f"- {model} {reason}")
    return 0 if share >= ENOUGH and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
