"""Deployments: ship a version, watch it come up, roll back."""

from __future__ import annotations

import builtins
import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ._errors import ModelyardError
from ._transport import Transport
from .constraints import Constraints, Violations
from .drift import Drift, JointDrift
from .outcomes import Outcome, OutcomeCounts, OutcomeValue
from .registry import Models
from .rollouts import Approval, EndpointKey, ServingConfig, ShadowReport, Strategy, given
from .safeguards import Held, Safeguards

_PATH = "/api/v1/deployments"
_MAX_OUTCOMES = 10_000  # of one request


class DeploymentFailed(ModelyardError):
    """A rollout ended without the new version serving; the text is the server's reason."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stable address of a model in one environment, as it was when read."""

    id: str
    name: str
    environment: str
    url: str
    status: str
    status_reason: str | None
    model_name: str
    live_version: int | None
    live_revision: int | None
    revision: int
    """Number of the newest revision, whether it serves yet or not."""
    revision_status: str
    revision_reason: str | None
    _deployments: Deployments | None = field(default=None, repr=False, compare=False)
    _awaited: int | None = field(default=None, repr=False, compare=False)

    def wait(
        self, timeout_seconds: float = 300.0, on_change: Callable[[Deployment], None] | None = None
    ) -> Deployment:
        """Block until the newest revision serves; after a rollback the one that was returned to.

        Raises:
            DeploymentFailed: it failed, or did not serve within the time.
        """
        if self._deployments is None:
            raise ModelyardError("This deployment was not read through a client.")
        return self._deployments.wait(self.id, timeout_seconds, on_change, revision=self._awaited)


class Deployments:
    """Creates and steers deployments."""

    def __init__(self, transport: Transport, models: Models) -> None:
        self._transport = transport
        self._models = models

    def list(self, environment: str | None = None) -> Iterator[Deployment]:
        """Give every deployment, of one environment if given."""
        for item in self._transport.pages(_PATH, environment=environment):
            yield self._read(item)

    def get(self, deployment_id: str) -> Deployment:
        """Give one deployment by id."""
        return self._read(self._transport.get(f"{_PATH}/{deployment_id}"))

    def find(self, address: str) -> Deployment:
        """Give the deployment of `environment/name`, or of a name that only one has.

        Raises:
            ModelyardError: none has it, or several do.
        """
        environment, _, name = address.rpartition("/")
        found = [d for d in self.list(environment or None) if d.name == name]
        if len(found) == 1:
            return found[0]
        said = "Several environments have" if found else "There is no"
        raise ModelyardError(f"{said} deployment {address!r}; name it environment/name.")

    def deploy(
        self,
        model: str,
        *,
        version: int | None = None,
        environment: str = "staging",
        name: str | None = None,
        config: ServingConfig | None = None,
        approval: Approval | None = None,
    ) -> Deployment:
        """Deploy a model, the latest version by default; without a `config` the server picks."""
        body = given(version=version, name=name, config=config, approval=approval)
        model_id = self._models.get(model).id
        whole = {"use_auto_config": True, "model_id": model_id, "environment": environment, **body}
        return self._read(self._transport.post("/api/v1/serving/deploy", whole))

    def deploy_version(
        self,
        deployment_id: str,
        version: int | None = None,
        *,
        config: ServingConfig | None = None,
        strategy: Strategy | None = None,
        reason: str | None = None,
        approval: Approval | None = None,
    ) -> Deployment:
        """Serve another version at the same address; the old one serves until it is ready."""
        body = given(
            version=version, config=config, strategy=strategy, reason=reason, approval=approval
        )
        self._transport.post(f"{_PATH}/{deployment_id}/revisions", body)
        return self.get(deployment_id)

    def set_traffic(
        self, deployment_id: str, weights: Mapping[int, int], *, reason: str | None = None
    ) -> Deployment:
        """Share traffic between the live revision and the one being rolled out, in percent."""
        shares = [{"revision": number, "weight": weight} for number, weight in weights.items()]
        body = {"weights": shares, "reason": reason}
        return self._read(self._transport.put(f"{_PATH}/{deployment_id}/traffic", body))

    def promote(
        self,
        deployment_id: str,
        environment: str,
        *,
        strategy: Strategy | None = None,
        reason: str | None = None,
        approval: Approval | None = None,
    ) -> Deployment:
        """Serve the identical files and environment in another environment."""
        body = given(environment=environment, strategy=strategy, reason=reason, approval=approval)
        return self._read(self._transport.post(f"{_PATH}/{deployment_id}/promote", body))

    def scale(
        self,
        deployment_id: str,
        *,
        least: int = 1,
        most: int = 1,
        target_concurrency: int = 4,
        sleep_after_minutes: float | None = None,
    ) -> None:
        """Set how many processes serve it; with `least=0` it sleeps, and a call wakes it."""
        body = {
            "min_replicas": least,
            "max_replicas": most,
            "target_concurrency": target_concurrency,
            "idle_minutes": sleep_after_minutes,
        }
        self._transport.put(f"{_PATH}/{deployment_id}/scaling", body)

    def reset_scale(self, deployment_id: str) -> None:
        """Let the environment's default say again how many processes serve it."""
        self._transport.delete(f"{_PATH}/{deployment_id}/scaling")

    def shadow(self, deployment_id: str) -> ShadowReport:
        """Tell how the shadow that runs, or the last one, answered copies of live calls."""
        return ShadowReport.read(self._transport.get(f"{_PATH}/{deployment_id}/shadow"))

    def roll_back(
        self,
        deployment_id: str,
        *,
        revision: int | None = None,
        reason: str | None = None,
        accept_schema_change: bool = False,
    ) -> Deployment:
        """Serve the previous good revision again, or the one given."""
        body = {
            "revision": revision,
            "reason": reason,
            "accept_schema_change": accept_schema_change,
        }
        made = self._transport.post(f"{_PATH}/{deployment_id}/rollback", body)
        return replace(self.get(deployment_id), _awaited=made["number"])

    def stop(self, deployment_id: str) -> Deployment:
        """Stop serving; the address and history stay."""
        return self._read(self._transport.post(f"{_PATH}/{deployment_id}/stop"))

    def start(self, deployment_id: str) -> Deployment:
        """Serve again after a stop."""
        return self._read(self._transport.post(f"{_PATH}/{deployment_id}/start"))

    def delete(self, deployment_id: str) -> None:
        """Delete a stopped or failed deployment with its history."""
        self._transport.delete(f"{_PATH}/{deployment_id}")

    def logs(self, deployment_id: str, tail: int = 200) -> Sequence[str]:
        """Give the last lines its model servers printed."""
        lines: Sequence[str] = self._transport.get(f"{_PATH}/{deployment_id}/logs", tail=tail)[
            "lines"
        ]
        return lines

    def create_key(
        self,
        deployment_id: str,
        name: str,
        *,
        scopes: Sequence[str] = ("predict",),
        requests_per_minute: int | None = None,
        requests_per_month: int | None = None,
        tokens_per_month: int | None = None,
    ) -> str:
        """Create an endpoint key and give it. It is never shown again.

        `scopes`: `predict`, and `feedback` to send outcomes.
        `tokens_per_month`: read and written together; of language models alone.
        """
        body = {
            "name": name,
            "scopes": list(scopes),
            "requests_per_minute": requests_per_minute,
            "requests_per_month": requests_per_month,
            "tokens_per_month": tokens_per_month,
        }
        made = self._transport.post(f"{_PATH}/{deployment_id}/keys", body)
        return str(made["key"])

    def keys(self, deployment_id: str) -> Sequence[EndpointKey]:
        """Give its keys, without their secrets."""
        names = EndpointKey.__slots__
        found = self._transport.get(f"{_PATH}/{deployment_id}/keys")
        return [EndpointKey(**{name: item[name] for name in names}) for item in found]

    def rotate_key(self, deployment_id: str, key_id: str, *, overlap_hours: float = 24) -> str:
        """Make a key like an old one and give it; the old one works on for the overlap."""
        path = f"{_PATH}/{deployment_id}/keys/{key_id}/rotate"
        return str(self._transport.post(path, {"overlap_hours": overlap_hours})["key"])

    def send_outcomes(
        self,
        deployment_id: str,
        outcomes: Mapping[str, OutcomeValue] | Iterable[Outcome],
        *,
        within: dt.timedelta = dt.timedelta(days=30),
    ) -> OutcomeCounts:
        """Say what really came of predictions, so that quality can be measured.

        Args:
            deployment_id: Which deployment made the predictions.
            outcomes: Values by prediction id, or `Outcome`s when a call had several rows, the
                time of observation matters, or they name an entity. Any number; 10,000 go in one
                request.
            within: How old the prediction of an entity may be at most.
        """
        if isinstance(outcomes, Mapping):
            outcomes = [Outcome(name, value) for name, value in outcomes.items()]
        total = OutcomeCounts()
        remaining = iter(outcomes)
        seconds = max(1, round(within.total_seconds()))
        path = f"{_PATH}/{deployment_id}/outcomes?within_seconds={seconds}"
        while part := list(islice(remaining, _MAX_OUTCOMES)):
            answer = self._transport.post(path, {"outcomes": [one.as_json() for one in part]})
            total = total.plus(answer)
        return total

    def pull_outcomes(
        self,
        deployment_id: str,
        *,
        from_start: bool = False,
        timeout_seconds: float | None = None,
    ) -> OutcomeCounts:
        """Read the deployment's source of outcomes now, wait for the end, and give the counts.

        Args:
            deployment_id: Which deployment; its source is connected on its quality page.
            from_start: Read everything again, also what was read before.
            timeout_seconds: How long to wait; default: as long as it takes.

        Raises:
            ModelyardError: nothing is connected, the pull stopped, or it took longer.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        path = f"{_PATH}/{deployment_id}/outcome-source"
        found = self._transport.post(f"{path}/pulls", {"from_start": from_start})
        while found["is_pulling"]:
            if deadline is not None and time.monotonic() > deadline:
                raise ModelyardError(f"The pull has not ended within {timeout_seconds:g} s.")
            time.sleep(0.5)
            found = self._transport.get(path)
        newest = found["pulls"][0]
        if newest["error"] is not None:
            raise ModelyardError(newest["error"])
        return OutcomeCounts.of_pull(newest["counts"])

    def watch_outside(
        self,
        model_name: str,
        *,
        environment: str = "production",
        name: str | None = None,
        served_by: str | None = None,
    ) -> Deployment:
        """Watch a model that is served elsewhere; send its rows with `report`."""
        body = {
            "model_name": model_name,
            "environment": environment,
            "name": name,
            "served_by": served_by,
        }
        return self._read(self._transport.post(f"{_PATH}/reported", body))

    def report(
        self, deployment_id: str, rows: Iterable[Mapping[str, Any]], *, version: int = 1
    ) -> builtins.list[str]:
        """Report rows that a model served elsewhere has predicted; give their prediction ids.

        Args:
            deployment_id: What `watch_outside` gave.
            rows: Mappings with `inputs` and `prediction`, perhaps `prediction_id`, `at`,
                `latency_ms` and `outcome`. Any number; 10,000 go in one request.
            version: Of the model; a new one takes the place of the one before.
        """
        ids: builtins.list[str] = []
        remaining = iter(rows)
        path = f"{_PATH}/{deployment_id}/reports"
        while part := [dict(row) for row in islice(remaining, _MAX_OUTCOMES)]:
            ids += self._transport.post(path, {"version": version, "rows": part})["prediction_ids"]
        return ids

    def upload_reference(
        self, deployment_id: str, file: str | Path, *, is_baseline: bool = False
    ) -> int:
        """Upload labelled rows of the live version (CSV or Parquet); give how many are kept.

        Estimates of quality learn from them. `is_baseline`: drift is measured against them too.
        """
        answer = self._transport.request(
            "PUT",
            f"{_PATH}/{deployment_id}/reference",
            params={"name": Path(file).name, "is_baseline": is_baseline},
            content=Path(file).read_bytes(),
            headers={"Content-Type": "application/octet-stream"},
        )
        return int(answer.json()["rows"])

    def drift(self, deployment_id: str, *, window: str = "24h") -> Drift:
        """Tell which columns of a window (1h, 24h, 7d) have moved from the baseline."""
        return Drift.read(self._transport.get(f"{_PATH}/{deployment_id}/drift", window=window))

    def joint_drift(self, deployment_id: str, *, window: str = "24h") -> JointDrift:
        """Tell whether the inputs of a window moved together, though perhaps none alone."""
        path = f"{_PATH}/{deployment_id}/drift/joint"
        return JointDrift.read(self._transport.get(path, window=window))

    def constraints(self, deployment_id: str) -> Constraints:
        """Give what is asked of the columns' values, and what the baseline proposes."""
        return self._constraints(self._transport.get(f"{_PATH}/{deployment_id}/constraints"))

    def set_constraints(
        self,
        deployment_id: str,
        columns: Iterable[Mapping[str, Any]],
        *,
        based_on: int | None = None,
    ) -> Constraints:
        """Ask this of the columns from now on; of columns that are not named nothing.

        Args:
            deployment_id: Which deployment.
            columns: Such as `{"column": "age", "minimum": 18, "max_missing_share": 0}`.
            based_on: The version that was read; refused when somebody changed it meanwhile.
        """
        body = {"columns": [dict(one) for one in columns], "based_on": based_on}
        path = f"{_PATH}/{deployment_id}/constraints"
        return self._constraints(self._transport.put(path, body))

    def violations(self, deployment_id: str, *, window: str = "24h") -> Violations:
        """Tell how the rows of a window (1h, 24h, 7d) kept the constraints."""
        path = f"{_PATH}/{deployment_id}/constraints/violations"
        return Violations.read(self._transport.get(path, window=window))

    def safeguards(self, deployment_id: str) -> Safeguards:
        """Give what is held against every answer."""
        return self._safeguards(self._transport.get(f"{_PATH}/{deployment_id}/safeguards"))

    def set_safeguards(
        self,
        deployment_id: str,
        safeguards: Iterable[Mapping[str, Any]],
        *,
        based_on: int | None = None,
    ) -> Safeguards:
        """Hold these against every answer from now on, and nothing else.

        Args:
            deployment_id: Which deployment.
            safeguards: Such as `{"name": "unsure", "check": "confidence", "minimum": 0.7}`.
            based_on: The version that was read; refused when somebody changed it meanwhile.
        """
        body = {"safeguards": [dict(one) for one in safeguards], "based_on": based_on}
        return self._safeguards(self._transport.put(f"{_PATH}/{deployment_id}/safeguards", body))

    def held(self, deployment_id: str, *, window: str = "24h") -> Held:
        """Tell how often safeguards held against calls of a window (1h, 24h, 7d)."""
        path = f"{_PATH}/{deployment_id}/safeguards/held"
        return Held.read(self._transport.get(path, window=window))

    @staticmethod
    def _safeguards(answer: dict[str, Any]) -> Safeguards:
        return Safeguards(answer["version"], answer["safeguards"], answer["inputs"])

    @staticmethod
    def _constraints(answer: dict[str, Any]) -> Constraints:
        return Constraints(answer["version"], answer["columns"], answer["proposed"])

    def wait(
        self,
        deployment_id: str,
        timeout_seconds: float = 300.0,
        on_change: Callable[[Deployment], None] | None = None,
        *,
        revision: int | None = None,
    ) -> Deployment:
        """Block until the newest revision serves, or has the share or copies it is to have.

        With a `revision` that one is waited for: a rollback that ends a canary makes no newer one.
        """
        deadline = time.monotonic() + timeout_seconds
        shown: str | None = None
        while True:
            now = self.get(deployment_id)
            is_other = revision not in (None, now.revision)
            if on_change is not None and not is_other and now.revision_status != shown:
                on_change(now)
                shown = now.revision_status
            state = now.revision_status
            serves = now.live_revision == revision if is_other else state == "ready"
            if (serves and now.status == "ready") or (not is_other and state == "shifting"):
                return now
            if not is_other and state in {"failed", "stopped"}:
                raise DeploymentFailed(
                    now.revision_reason or now.status_reason or "The deployment failed."
                )
            if time.monotonic() > deadline:
                raise DeploymentFailed(
                    f"Revision {now.revision} is still {now.revision_status} "
                    f"after {timeout_seconds:.0f} s."
                )
            time.sleep(0.25)

    def _read(self, item: dict[str, Any]) -> Deployment:
        live, latest = item["live_revision"], item["latest_revision"]
        return Deployment(
            id=item["id"],
            name=item["name"],
            environment=item["environment"],
            url=item["url"],
            status=item["status"],
            status_reason=item["status_reason"],
            model_name=item["model_name"],
            live_version=live["version"] if live else None,
            live_revision=live["number"] if live else None,
            revision=latest["number"],
            revision_status=latest["status"],
            revision_reason=latest["status_reason"],
            _deployments=self,
        )
