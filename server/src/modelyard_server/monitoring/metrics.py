"""What `/metrics` shows of one workspace: its endpoints, its jobs, and the node they run on."""

from __future__ import annotations

from bisect import bisect_left

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_protocol.records import bucket_latency_us
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.jobs import Job
from modelyard_server.traffic import service as traffic
from modelyard_server.workspaces.access import Actor

from . import fleet, latency, queries
from .drift import Status
from .exposition import Family, Labels, render
from .ports import NodeFacts

LIMITS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
JOB_STATES = ("ready", "running", "done", "dead")
VERDICTS = (Status.ok, Status.drifting, Status.not_enough_data, Status.no_reference)


def exposition(db: Session, actor: Actor, node: NodeFacts) -> str:
    """Write every series of the actor's workspace; no other workspace's."""
    own = {"workspace": actor.workspace_slug}
    return render([*_platform(db, actor, node, own), *_endpoints(db, own)])


def _platform(db: Session, actor: Actor, node: NodeFacts, own: Labels) -> list[Family]:
    unread = node.unread(db)
    waited = (utcnow() - unread.since).total_seconds() if unread.since else 0.0
    up = Family("modelyard_node_up", "gauge", "1 while the node of this machine reports.")
    up.add(own, float(node.is_up()))
    dropped = Family(
        "modelyard_dropped_records_total",
        "counter",
        "Prediction records lost on this machine before they were counted.",
    )
    lost = node.lost()
    dropped.add(own, lost.records)
    stopped = Family(
        "modelyard_capture_stopped", "gauge", "1 while calls cannot be recorded, as on a full disk."
    )
    stopped.add(own, float(lost.error is not None))
    pending = Family(
        "modelyard_ingest_pending_bytes", "gauge", "Journal bytes that are not counted yet."
    )
    pending.add(own, unread.size_bytes)
    lag = Family(
        "modelyard_ingest_lag_seconds", "gauge", "Age of the oldest record not counted yet."
    )
    lag.add(own, max(0.0, waited))
    return [up, dropped, stopped, pending, lag, _jobs(db, actor, own)]


def _jobs(db: Session, actor: Actor, own: Labels) -> Family:
    family = Family("modelyard_jobs", "gauge", "Background jobs by state.")
    query = (
        select(Job.state, func.count())
        .where(Job.owner_workspace_id == actor.workspace_id)
        .group_by(Job.state)
    )
    counted = {row[0]: int(row[1]) for row in db.execute(query)}
    for state in JOB_STATES:
        family.add({**own, "state": state}, counted.get(state, 0))
    return family


def _endpoints(db: Session, own: Labels) -> list[Family]:
    requests = Family(
        "modelyard_endpoint_requests_total", "counter", "Calls by class of their HTTP status."
    )
    seconds = Family(
        "modelyard_endpoint_latency_seconds",
        "histogram",
        "Time the gateway took per call; limits and sum are exact to 2 %.",
    )
    ready = Family("modelyard_endpoint_ready", "gauge", "1 while the endpoint is ready.")
    verdict = Family(
        "modelyard_endpoint_drift_verdict",
        "gauge",
        "1 for the verdict of the last 24 hours against training, else 0.",
    )
    faulty = Family(
        "modelyard_endpoint_data_faulty",
        "gauge",
        "1 while values of the last 24 hours are missing, new, out of range or mistyped too often.",
    )
    tokens = Family(
        "modelyard_endpoint_tokens_total",
        "counter",
        "Tokens that the endpoint's language model read (prompt) and wrote (completion).",
    )
    counted = traffic.tokens_ever(db)
    calls = queries.all_calls(db)
    subjects = deployments.monitored(db)
    judged = fleet.verdicts(db, subjects, "24h")
    for subject in subjects:
        labels = {**own, "environment": subject.environment, "endpoint": subject.name}
        found = calls.get(subject.deployment_id, queries.Calls())
        _count(requests, labels, found)
        _measure(seconds, labels, found.latency)
        spoken = counted.get(subject.deployment_id)
        if spoken is not None:
            tokens.add({**labels, "kind": "prompt"}, spoken.prompt)
            tokens.add({**labels, "kind": "completion"}, spoken.completion)
        ready.add(labels, float(subject.status == "ready"))
        given = judged[subject.deployment_id]
        for status in VERDICTS:
            verdict.add({**labels, "verdict": status.value}, float(status is given.drift.status))
        faulty.add(labels, float(given.quality.status is Status.faulty))
    return [requests, seconds, tokens, ready, verdict, faulty]


def _count(family: Family, labels: Labels, calls: queries.Calls) -> None:
    answered = calls.requests - calls.errors_4xx - calls.errors_5xx
    by_class = {"2xx": answered, "4xx": calls.errors_4xx, "5xx": calls.errors_5xx}
    for name, count in by_class.items():
        family.add({**labels, "status": name}, count)


def _measure(family: Family, labels: Labels, found: latency.Counts) -> None:
    counts, total = [0] * (len(LIMITS) + 1), 0.0
    for bucket, calls in found.items():
        seconds = bucket_latency_us(bucket) / 1e6
        counts[bisect_left(LIMITS, seconds)] += calls
        total += seconds * calls
    family.add_histogram(labels, LIMITS, counts, total)
