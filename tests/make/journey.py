"""Steps of the main job over HTTP and as processes, for end-to-end tests."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from .installation import ROOT, SOURCES, Installation, wait_for

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery staple"


@dataclass
class Member:
    """A person's API token with an HTTP client that uses it."""

    installation: Installation
    token: str

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = httpx.Client(
            base_url=f"{self.installation.url}/api/v1", headers=headers, timeout=60
        )

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(path, json=body if body is not None else {})
        assert answer.status_code < 300, answer.text
        return answer.json()

    def run_example(self, script: str, *args: str) -> str:
        """Run a file of `examples/` as a user would; give what it printed."""
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("MODELYARD_")},
            "MLFLOW_TRACKING_URI": self.installation.url,
            "MLFLOW_TRACKING_TOKEN": self.token,
            "PYTHONPATH": SOURCES,
        }
        done = subprocess.run(
            [sys.executable, str(ROOT / "examples" / script), *args],
            env=environment,
            cwd=self.installation.folder,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    def model(self, name: str) -> dict[str, Any]:
        return next(m for m in self.get("/models", q=name)["items"] if m["name"] == name)

    def deploy(self, model: str, **options: Any) -> dict[str, Any]:
        body = {"model_id": self.model(model)["id"], "use_auto_config": True, **options}
        return self.until_live(self.post("/serving/deploy", body)["id"])

    def until_live(
        self, deployment_id: str, version: int | None = None, seconds: float = 120
    ) -> dict[str, Any]:
        """Wait until a deployment serves (a version); give it."""

        def now() -> dict[str, Any]:
            found: dict[str, Any] = self.get(f"/deployments/{deployment_id}")
            assert found["latest_revision"]["status"] != "failed", json.dumps(found, indent=1)
            return found

        def serves() -> bool:
            found = now()
            live = found["live_revision"]
            right = live is not None and version in (None, live["version"])
            return right and found["status"] == found["latest_revision"]["status"] == "ready"

        wait_for(serves, seconds, lambda: json.dumps(now(), indent=1))
        return now()

    def a_key(self, deployment_id: str) -> str:
        return str(self.post(f"/deployments/{deployment_id}/keys", {"name": "test"})["key"])


def an_owner(installation: Installation) -> Member:
    """Create the first account through the printed link, and an API token."""
    link = httpx.URL(installation.setup_link())
    with httpx.Client(base_url=f"{installation.url}/api/v1", timeout=30) as http:
        me = http.post(
            "/setup",
            json={
                "token": link.params["token"],
                "email": EMAIL,
                "display_name": "Ada",
                "password": PASSWORD,
                "organisation_name": "Example",
                "workspace_name": "Team",
            },
        )
        assert me.status_code == 201, me.text
        return _with_token(installation, http, me.json()["csrf_token"])


def a_second_tenant(installation: Installation) -> Member:
    """Sign the owner in, make another workspace, and give a token of that one."""
    with a_browser(installation) as http:
        made = http.post("/workspaces", json={"name": "Other team"})
        assert made.status_code == 201, made.text
        http.headers["X-Modelyard-Workspace"] = made.json()["slug"]
        return _with_token(installation, http, http.headers["X-CSRF-Token"])


def a_token_until(installation: Installation, when: dt.datetime) -> Member:
    """Give a token of the owner's first workspace that expires."""
    with a_browser(installation) as http:
        http.headers["X-Modelyard-Workspace"] = "team"
        csrf = http.headers["X-CSRF-Token"]
        return _with_token(installation, http, csrf, expires_at=when.isoformat())


@contextmanager
def a_browser(installation: Installation) -> Iterator[httpx.Client]:
    """Sign the owner in."""
    with httpx.Client(base_url=f"{installation.url}/api/v1", timeout=30) as http:
        me = http.post("/session", json={"email": EMAIL, "password": PASSWORD})
        assert me.status_code == 201, me.text
        http.headers["X-CSRF-Token"] = me.json()["csrf_token"]
        yield http


def _with_token(installation: Installation, http: httpx.Client, csrf: str, **more: Any) -> Member:
    body = {"name": "e2e", "role": "admin", **more}
    made = http.post("/tokens", json=body, headers={"X-CSRF-Token": csrf})
    assert made.status_code == 201, made.text
    return Member(installation, made.json()["token"])


def example_row() -> dict[str, float]:
    from sklearn.datasets import load_breast_cancer

    row = load_breast_cancer(as_frame=True).data.iloc[0]
    return {str(name): float(value) for name, value in row.items()}


def predict(url: str, key: str, row: dict[str, Any] | None = None) -> httpx.Response:
    return httpx.post(
        f"{url}/predict",
        json={"rows": [row or example_row()]},
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
    )
