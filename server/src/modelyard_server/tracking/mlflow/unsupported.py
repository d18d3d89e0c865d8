"""What MLflow's protocol has and Modelyard has not: answered 501 by name, not 404.

A client can then tell a missing feature from a wrong address. A test compares this list and the
app's routes with the endpoints of the installed MLflow.
"""

from __future__ import annotations

AREAS: dict[str, str] = {
    "artifacts/presigned-download-url": "presigned transfers",
    "artifacts/presigned-upload-url": "presigned transfers",
    "datasets": "evaluation data sets",
    "gateway": "LLM gateway",
    "gateway-proxy": "LLM gateway",
    "get-online-trace-details": "traces",
    "get-trace-artifact": "traces",
    "issues": "issues of traces",
    "label-schemas": "review of traces",
    "prompt-optimization": "prompt optimisation",
    "review-queues": "review of traces",
    "runs/create-promptlab-run": "prompt lab",
    "scorers": "scorers",
    "traces": "MLflow's second protocol of traces, their metrics, and prompts of traces",
    "unified-traces": "traces",
    "workspaces": "deletion of workspaces",
}
_ARTIFACT_AREAS = {"mpu": "multipart transfers", "presigned": "presigned transfers"}
_ELSEWHERE = {"/graphql": "GraphQL"}
_ROOTS = tuple(f"/{api}/{version}/" for api in ("api", "ajax-api") for version in ("2.0", "3.0"))


def area_of(path: str) -> str | None:
    """Name the part of MLflow an address belongs to when Modelyard has none of that part."""
    if path in _ELSEWHERE:
        return _ELSEWHERE[path]
    root = next((root for root in _ROOTS if path.startswith(root)), None)
    if root is None:
        return None
    service, _, below = path.removeprefix(root).partition("/")
    areas = {"mlflow": AREAS, "mlflow-artifacts": _ARTIFACT_AREAS}.get(service, {})
    segments = below.split("/")
    return areas.get(segments[0]) or areas.get("/".join(segments[:2]))
