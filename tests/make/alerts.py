"""A watched deployment whose time and traffic the test decides; rules are judged when asked."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from modelyard_server.alerts import evaluating
from modelyard_server.kernel import clock
from modelyard_server.monitoring import measuring

from . import monitoring as make
from .channels import Receiver, a_channel, run_notifications
from .fixtures import TeamSpace


@dataclass
class Stage:
    """A workspace with one deployment, a webhook, and a clock that only the test moves."""

    workspace: TeamSpace
    watched: make.Watched
    receiver: Receiver
    now: dt.datetime = field(
        default_factory=lambda: (
            dt.datetime.now(dt.UTC).replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
        )
    )

    def __post_init__(self) -> None:
        clock.set_source(lambda: self.now)
        self.client: TestClient = self.workspace.client("developer")
        self.policy(group_wait_seconds=0, escalate_minutes=0)
        a_channel(self.workspace, url=self.receiver.url)

    @property
    def deployment_id(self) -> str:
        return str(self.watched.id)

    # ------------------------------------------------------------------ time and traffic
    def pass_time(self, **by: float) -> None:
        self.now += dt.timedelta(**by)

    def calls(
        self,
        count: int = 100,
        *,
        failed: int = 0,
        refused: int = 0,
        ms: float = 10,
    ) -> None:
        """Let calls happen a moment ago."""
        by_status = {"200": count - failed - refused, "500": failed, "422": refused}
        self.history({self.now - dt.timedelta(seconds=1): by_status}, ms=ms)

    def history(self, calls: dict[dt.datetime, dict[str, int]], *, ms: float = 10) -> None:
        """Let calls have happened: how many of each status, by time."""
        records = [
            self.watched.traffic(
                {status: count for status, count in by_status.items() if count},
                latency_us=ms * 1000,
                at=int(at.timestamp()),
            )
            for at, by_status in calls.items()
        ]
        make.ingest(self.watched, records)

    def rows(self, count: int, **more: Any) -> None:
        """Let rows be predicted a moment ago."""
        at_us = int(self.now.timestamp() * 1_000_000) - 1_000_000
        people = make.rows(count, **more)
        make.ingest(self.watched, [self.watched.prediction([row], at_us=at_us) for row in people])
        measuring.forget()

    def judge(self) -> list[str]:
        """Evaluate and deliver; give the types of the events that arrived by it."""
        before = len(self.receiver.posts)
        services, workspace = self.workspace.platform.services, self.workspace
        evaluating.evaluate(services, workspace.id, workspace.slug)
        run_notifications(workspace)
        return [post.json["type"].removeprefix("alert.") for post in self.receiver.posts[before:]]

    # ------------------------------------------------------------------ the API
    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/api/v1/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.client.post(f"/api/v1/{path}", json=body if body is not None else {})
        assert answer.status_code == status, answer.text
        return answer.json()

    def policy(self, **changed: int) -> None:
        answer = self.client.put("/api/v1/alert-policy", json=changed)
        assert answer.status_code == 200, answer.text

    def only(self, *rules: dict[str, Any]) -> list[dict[str, Any]]:
        """Switch the default rules off, and make these."""
        self.judge()
        for rule in self.get("alert-rules"):
            self.client.patch(f"/api/v1/alert-rules/{rule['id']}", json={"is_enabled": False})
        return [self.rule(**rule) for rule in rules]

    def rule(self, **changed: Any) -> dict[str, Any]:
        """Make a rule: errors above 5 % at once, and over at once."""
        body = {
            "deployment_id": self.deployment_id,
            "name": "Calls fail",
            "condition": {"kind": "threshold", "signal": "error_rate", "threshold": 0.05},
            "severity": "critical",
            "hold_seconds": 0,
            "recover_seconds": 0,
        }
        made: dict[str, Any] = self.post("alert-rules", body | changed, 201)
        return made

    def alerts(self, tab: str = "open") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("alerts", tab=tab)["items"]
        return found

    def alert(self) -> dict[str, Any]:
        """Give the one open alert, whole."""
        [row] = self.alerts()
        found: dict[str, Any] = self.get(f"alerts/{row['id']}")
        return found


@pytest.fixture
def stage(workspace: TeamSpace, receiver: Receiver, tmp_path: Path) -> Iterator[Stage]:
    measuring.forget()
    yield Stage(workspace, make.a_watched_deployment(workspace, tmp_path), receiver)
    clock.set_source(None)


@pytest.fixture
def trained_stage(workspace: TeamSpace, receiver: Receiver, tmp_path: Path) -> Iterator[Stage]:
    """A stage whose model logged its training table."""
    measuring.forget()
    table = make.a_table(make.rows(2000, seed=99))
    model_id = make.a_trained_version(workspace, {"datasets/train.json": table})
    watched = make.a_watched_deployment(workspace, tmp_path, model_id=model_id)
    yield Stage(workspace, watched, receiver)
    clock.set_source(None)
