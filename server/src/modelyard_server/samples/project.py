"""What a sample does, as a user would: over the public API, with programs anybody may run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .catalogue import Sample

PROGRAMS = Path(__file__).parent / "programs"
TRAIN_SECONDS, LIVE_SECONDS, VERDICT_SECONDS = 300, 300, 60
Say = Callable[[str], None]


class SampleFailed(Exception):
    """A step could not be done; the text is for the person who installed it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a step did: one line to show, and names to remember on the installation."""

    detail: str
    facts: dict[str, Any] = field(default_factory=dict)


class Project:
    """One sample in one workspace, steered over HTTP. Every step can run twice."""

    drift = False
    rows = 500

    def __init__(self, sample: Sample, url: str, token: str, *, check: Callable[[], None]) -> None:
        import httpx

        self._sample = sample
        self._url = url
        self._token = token
        self._check = check
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # ------------------------------------------------------------------ steps

    def train(self, say: Say) -> Made:
        """Train with the plain MLflow client, in a process of its own."""
        if self._model() is None:
            say("Training with scikit-learn and the MLflow client")
            self._run(
                "quickstart.py",
                ["--name", self._sample.model, "--experiment", self._sample.experiment],
                {"MLFLOW_TRACKING_URI": self._url, "MLFLOW_TRACKING_TOKEN": self._token},
                TRAIN_SECONDS,
            )
        version = self._version()
        run = self._get(f"/runs/{version['run_id']}")
        accuracy = run["metrics"].get("test_accuracy")
        facts = {"experiment_id": run["experiment_id"], "run_id": run["id"]}
        return Made(f"Accuracy on unseen rows: {accuracy:.1%}" if accuracy else "Trained", facts)

    def register(self, say: Say) -> Made:  # noqa: ARG002
        """Look at the version the training registered."""
        version = self._version()
        inputs = len(version["inputs"])
        detail = f"{self._sample.model} version {version['version']}, {inputs} input columns"
        return Made(detail, {"model_id": uuid.UUID(version["model_id"])})

    def deploy(self, say: Say) -> Made:
        """Deploy with the picked configuration and wait until it serves."""
        deployment = self._deployment()
        if deployment is None:
            body = {
                "model_id": self._version()["model_id"],
                "environment": self._sample.environment,
                "name": self._sample.model,
                **self._setup(),
            }
            deployment = self._call("POST", "/api/v1/serving/deploy", json=body)
        began = time.monotonic()
        while True:
            deployment = self._get(f"/deployments/{deployment['id']}")
            revision = deployment["latest_revision"]
            if deployment["status"] == "ready" and revision["status"] == "ready":
                break
            if revision["status"] == "failed":
                raise SampleFailed(revision["status_reason"] or "The deployment failed.")
            running = [s["name"] for s in revision["steps"] if s["status"] == "running"]
            say(f"{(running or [revision['status']])[0].capitalize()}…")
            self._wait(began, LIVE_SECONDS, "The deployment did not become ready.")
        facts = {"deployment_id": uuid.UUID(deployment["id"])}
        return Made(f"Live at {deployment['url']}", facts)

    def _setup(self) -> dict[str, Any]:
        if self._get("/flags")["flags"].get("quick_deploy_enabled"):
            return {"use_auto_config": True}
        return {"config": {"engine": "sklearn", "cpu": 1.0, "memory_gb": 0.75}}

    def send_traffic(self, say: Say) -> Made:
        """Send rows through the gateway with a key of its own, which is revoked afterwards."""
        deployment = self._deployment()
        if deployment is None:
            raise SampleFailed("The sample's deployment was deleted. Remove the sample and retry.")
        keys = f"/api/v1/deployments/{deployment['id']}/keys"
        key = self._call("POST", keys, json={"name": "sample traffic"})
        kind = "shifted " if self.drift else ""
        say(f"Sending {self.rows} {kind}rows")
        try:
            arguments = ["--url", deployment["url"], "--rows", str(self.rows)]
            arguments += ["--drift"] if self.drift else []
            self._run("replay.py", arguments, {"MODELYARD_ENDPOINT_KEY": key["key"]}, 120)
        finally:
            self._call("DELETE", f"{keys}/{key['id']}")
        return Made(f"{self.rows} {kind}rows answered")

    def await_verdict(self, say: Say) -> Made:
        """Wait until monitoring has compared what was sent with the training data."""
        deployment = self._deployment()
        if deployment is None:
            raise SampleFailed("The sample's deployment was deleted. Remove the sample and retry.")
        say("Comparing")
        began = time.monotonic()
        wanted = "drifting" if self.drift else "ok"
        while True:
            found = self._get(f"/deployments/{deployment['id']}/drift", window="1h")
            late = time.monotonic() - began > VERDICT_SECONDS / 4
            if found["verdict"] == wanted or (found["verdict"] in {"ok", "drifting"} and late):
                return Made(found["verdict_reason"])
            self._wait(began, VERDICT_SECONDS, f"No verdict yet: {found['verdict_reason']}")

    # ---------------------------------------------------------------- removal

    def remove_deployment(self) -> None:
        """Stop and delete the deployment with its keys, predictions and statistics."""
        deployment = self._deployment()
        if deployment is None:
            return
        address = f"/api/v1/deployments/{deployment['id']}"
        if deployment["status"] not in {"stopped", "failed"}:
            self._call("POST", f"{address}/stop")
        began = time.monotonic()
        while deployment["status"] not in {"stopped", "failed"}:
            self._wait(began, 60, "The deployment did not stop.")
            deployment = self._get(f"/deployments/{deployment['id']}")
        self._call("DELETE", address)

    def remove_model(self) -> None:
        """Delete the registered model with its versions."""
        model = self._model()
        if model is not None:
            self._call("DELETE", f"/api/v1/models/{model['id']}")

    def experiment_id(self) -> str | None:
        """Give the sample's experiment, if it is still there."""
        for found in self._get("/experiments", q=self._sample.experiment)["items"]:
            if found["name"] == self._sample.experiment:
                return str(found["id"])
        return None

    # ---------------------------------------------------------------- helpers

    def _model(self) -> dict[str, Any] | None:
        return self._named("/models", q=self._sample.model)

    def _version(self) -> dict[str, Any]:
        model = self._model()
        if model is None:
            raise SampleFailed("The training registered no model.")
        version = model["latest_version"]
        found: dict[str, Any] = self._get(f"/models/{model['id']}/versions/{version}")
        return found

    def _deployment(self) -> dict[str, Any] | None:
        return self._named("/deployments", environment=self._sample.environment)

    def _named(self, path: str, **params: str) -> dict[str, Any] | None:
        items: list[dict[str, Any]] = self._get(path, **params)["items"]
        return next((i for i in items if i["name"] == self._sample.model), None)

    def _get(self, path: str, **params: str) -> Any:
        return self._call("GET", f"/api/v1{path}", params=params)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = self._http.request(method, path, **options)
        if answer.status_code >= 400:
            body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            reason = body.get("detail") or body.get("message") or answer.text[:300]
            raise SampleFailed(f"{reason} ({answer.status_code})")
        return answer.json() if answer.content else None

    def _wait(self, began: float, seconds: float, complaint: str) -> None:
        self._check()
        if time.monotonic() - began > seconds:
            raise SampleFailed(complaint)
        time.sleep(0.3)

    def _run(
        self, program: str, arguments: list[str], secrets: dict[str, str], seconds: float
    ) -> None:
        """Run one of our programs in its own process with only what it needs to know."""
        with tempfile.TemporaryDirectory(prefix="modelyard-sample-") as folder:
            output = Path(folder) / "output.txt"
            environment = {
                "PATH": os.environ.get("PATH", ""),
                "HOME": folder,
                "TMPDIR": folder,
                "LANG": "C.UTF-8",
                "OMP_NUM_THREADS": "1",
                "GIT_PYTHON_REFRESH": "quiet",
                "MLFLOW_DISABLE_TELEMETRY": "true",
                **secrets,
            }
            with output.open("wb") as console:
                child = subprocess.Popen(
                    [sys.executable, str(PROGRAMS / program), *arguments],
                    env=environment,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                )
            began = time.monotonic()
            try:
                while child.poll() is None:
                    self._wait(began, seconds, f"{program} took longer than {seconds:.0f} s.")
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            if child.returncode != 0:
                tail = output.read_text(errors="replace")[-1500:].strip()
                raise SampleFailed(f"{program} failed: {tail or child.returncode}")
