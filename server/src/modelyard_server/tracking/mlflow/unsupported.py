"""What MLflow's protocol has and Modelyard has not: answered 501 by name, not 404.

A client can then tell a missing feature from a wrong address. A test compares this list and the
app's routes with the endpoints of the installed MLflow.
"""

from __future__ import annotations

import re

AREAS: dict[str, str] = {
    "artifacts/presigned-download-url": "presigned transfers",
    "artifacts/presigned-upload-url": "presigned transfers",
    "assistant": "assistant",
    "demo": "made-up data",
    "gateway": "LLM gateway",
    "gateway-proxy": "LLM gateway",
    "genai/evaluate": "evaluation that the server runs",
    "get-online-trace-details": "traces kept by Databricks",
    "issues/invoke": "search for issues that the server runs",
    "jobs": "jobs of MLflow's server",
    "label-schemas": "review of traces",
    "mcp-servers": "registry of MCP servers",
    "prompt-optimization": "prompt optimisation",
    "review-queues": "review of traces",
    "runs/create-promptlab-run": "prompt lab",
    "scorer/invoke": "scoring that the server runs",
    "scorers/online-config": "scoring of traces as they come",
    "scorers/online-configs": "scoring of traces as they come",
    "ui-telemetry": "telemetry",
    "unified-traces": "traces kept by Databricks",
}
DIFFERENCES: dict[str, str] = {
    "`artifact_location` of an experiment and `default_artifact_root` of a workspace are refused": (
        "clients never choose where files lie: most of MLflow's published faults began there"
    ),
    "a model version's `source` must name files of a run or logged model of the workspace": (
        "a version is a package that can be deployed; the server copies what it registers"
    ),
    "a logged model's `source_run_id`, and every other id in a body, must exist in the workspace": (
        "an id that is not checked is how one tenant reaches another"
    ),
    "`user_id` of a run is the person whose token started it, whatever the request says": (
        "a name that anybody can claim proves nothing; the tag `mlflow.user` stays the client's"
    ),
    "of runs with the same start, those that were imported come by when they came, not by their "
    "id": "pages are keyset pages over one index, as fast at the end as at the start",
    "deleting an experiment hides it and does not mark each of its runs": (
        "what was deleted by itself stays deleted when the experiment is restored"
    ),
    "page tokens are signed and belong to one filter and order": (
        "a token of another list is refused instead of giving a page of nothing"
    ),
    "artifacts always go through the server (`mlflow-artifacts:`)": (
        "every byte is checked for who may read it; there are no storage credentials in clients"
    ),
    "tags of a trace that say where its files are (`mlflow.artifactLocation`, "
    "`mlflow.trace.spansLocation`) are the server's: a client's are left out, or refused": (
        "a place that a client names is never followed"
    ),
    "webhooks go to public HTTPS addresses, and to networks the operator opened; the test of one "
    "says the status, not what the receiver wrote": "a server must not be sent to inner systems",
    "a workspace is deleted with a token of its own, and never with the mode `SET_DEFAULT`": (
        "a token reaches one workspace; experiments and runs are numbered in each for itself"
    ),
    "a workspace is chosen by the token; another in header or address is refused": (
        "one source of the tenant; MLflow trusts the header"
    ),
}
"""Where we answer otherwise than a genuine server, each with the reason."""
_ARTIFACT_AREAS = {"presigned": "presigned transfers"}
_ELSEWHERE = {
    "/graphql": "GraphQL",
    "/gateway/": "LLM gateway",
    "/api/3.0/jobs/": "jobs of MLflow's server",
}
_ROOTS = ("/api/2.0/", "/api/3.0/")


def area_of(path: str) -> str | None:
    """Name the part of MLflow an address belongs to when Modelyard has none of that part."""
    path = re.sub("^/ajax-api/", "/api/", path)
    for start, area in _ELSEWHERE.items():
        if path == start or (start.endswith("/") and path.startswith(start)):
            return area
    root = next((root for root in _ROOTS if path.startswith(root)), None)
    if root is None:
        return None
    service, _, below = path.removeprefix(root).partition("/")
    areas = {"mlflow": AREAS, "mlflow-artifacts": _ARTIFACT_AREAS}.get(service, {})
    segments = below.split("/")
    return areas.get(segments[0]) or areas.get("/".join(segments[:2]))
