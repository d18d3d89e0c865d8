"""Guards against versions that really fail, dawdle, hang and refuse what callers send."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.make.installation import Installation, an_installation, wait_for
from tests.make.journey import Member, an_owner

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
MOST_SECONDS = 30
BAD = {"width": 200.0, "height": 1.0}  # no version was checked with it
LOGS_FIVE_VERSIONS = """
import mlflow, pandas
from mlflow.models import infer_signature

rows = pandas.DataFrame({"width": [1.0, 2.0], "height": [4.0, 3.0]})


class Adds(mlflow.pyfunc.PythonModel):
    def __init__(self, flaw):
        self.flaw = flaw

    def predict(self, context, model_input, params=None):
        import time

        if model_input["width"].iloc[0] > 100 and self.flaw == "fails":
            raise ValueError("too wide")
        if model_input["width"].iloc[0] > 100 and self.flaw == "slow":
            time.sleep(0.15)
        if model_input["width"].iloc[0] > 100 and self.flaw == "hangs":
            time.sleep(300)
        return (model_input["width"] + model_input["height"]).tolist()


with mlflow.start_run():
    for flaw in ("none", "fails", "slow", "other", "hangs"):
        taken = rows.assign(depth=[1.0, 1.0]) if flaw == "other" else rows
        mlflow.pyfunc.log_model(
            name=flaw,
            python_model=Adds(flaw),
            registered_model_name="guarded",
            signature=infer_signature(taken, [5.0, 5.0]),
            input_example=taken,
        )
"""


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    with an_installation(tmp_path_factory.mktemp("installation")) as installation:
        made = an_owner(installation)
        _log_versions(installation, made)
        yield made


def _log_versions(installation: Installation, owner: Member) -> None:
    here = {"MLFLOW_TRACKING_URI": installation.url, "MLFLOW_TRACKING_TOKEN": owner.token}
    done = subprocess.run(
        [sys.executable, "-c", LOGS_FIVE_VERSIONS],
        env={**os.environ, **here},
        cwd=installation.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


@contextmanager
def calling(url: str, key: str) -> Iterator[list[int]]:
    """Four callers who send what the flawed versions cannot take well; gives the statuses."""
    statuses: list[int] = []
    stop = threading.Event()

    def call() -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as http:
            while not stop.is_set():
                statuses.append(http.post(f"{url}/predict", json={"rows": [BAD]}).status_code)
                stop.wait(0.01)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        yield statuses
    finally:
        stop.set()
        for caller in callers:
            caller.join()


def test_a_version_that_does_worse_is_taken_back_in_half_a_minute_and_alerts(
    owner: Member,
) -> None:
    deployment = owner.deploy("guarded", version=1)
    address, key = f"/deployments/{deployment['id']}", owner.a_key(deployment["id"])
    canary = {"kind": "canary", "percent": 50, "bake_seconds": None}
    at_once = {"kind": "blue_green", "bake_seconds": 300}

    def follows() -> bool:
        shift = owner.get(address)["latest_revision"]["shift"]
        return shift is not None and shift["is_followed"]

    def back() -> dict[str, Any] | None:
        found: dict[str, Any] = owner.get(address)
        is_back = found["latest_revision"]["status"] == "failed"
        return found if is_back and found["live_revision"]["number"] == 1 else None

    waits: list[float] = []
    with calling(deployment["url"], key) as statuses:
        for version, strategy, said in (
            (2, canary, "calls failed (5xx)"),
            (3, canary, "p95 latency"),
            (4, at_once, "refused as wrong input (4xx)"),
            (5, canary, "has answered nobody for"),
        ):
            owner.post(f"{address}/revisions", {"version": version, "strategy": strategy})
            wait_for(follows, 90, lambda: str(owner.get(address)["latest_revision"]))
            began = time.monotonic()
            wait_for(back, 60, lambda: str(owner.get(address)["latest_revision"]["shift"]))
            took = time.monotonic() - began
            print(f"version {version}: {said}, taken back after {took:.1f} s")
            waits.append(took)
            assert said in owner.get(address)["latest_revision"]["status_reason"]
    assert sorted(waits)[2] <= MOST_SECONDS, waits  # other tests share the machine
    assert {200, 422, 500} <= set(statuses) <= {200, 422, 500, 504}
    events = owner.get("/audit", action="deployments.guard_rolled_back", limit=50)["items"]
    assert len(events) == 4
    alerts = owner.get("/alerts")["items"]
    titles = [one["title"] for one in alerts if "taken back by itself" in one["title"]]
    assert len(titles) == 4
