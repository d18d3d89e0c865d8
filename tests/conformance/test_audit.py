"""Whoever changes something leaves an entry in the audit trail, on every route that writes."""

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from modelyard_server.kernel.trail import AuditEvent

from .recipes import call, make_all
from .recipes import of as recipe_of
from .seeds import World
from .test_tenancy import client_of
from .walk import names, own_operations

ELSEWHERE = {
    "identity_complete_setup": "needs an empty installation: integration/identity",
    "identity_request_password_reset": "does nothing without a mail server: integration/identity",
    "workspaces_create_workspace": "recorded in the workspace it makes: integration/workspaces",
    "workspaces_mlflow_create_mlflow_workspace": "the same",
    "flags_set_flag_rule": "needs the organisation that runs the installation: integration/flags",
    "monitoring_look_at_outcome_source": "needs a place that answers: integration/monitoring",
    "traffic_try_it": "needs a live deployment: the end-to-end journey",
    "traffic_try_streaming": "the same",
}
READS_ONLY = {
    "alerts_preview_rule",
    "deployments_auto_config",
    "mlflow_get_latest_versions",
    "tracking_mlflow_search_experiments",
    "tracking_mlflow_search_runs",
    "tracking_mlflow_search_logged_models",
    "tracking_mlflow_search_datasets",
    "traces_search_traces",
    "traces_get_trace_infos",
    "trace_issues_search_issues",
    "traces_correlate_filters",
    "traces_query_metrics",
    "evaluation_datasets_search_datasets",
}
OF_THE_RUN = {  # what a run writes about itself is its record; its start and end are audited
    "tracking_mlflow_log_metric",
    "tracking_mlflow_log_parameter",
    "tracking_mlflow_log_batch",
    "tracking_mlflow_log_inputs",
    "tracking_mlflow_log_outputs",
    "tracking_mlflow_log_model_legacy",
    "tracking_mlflow_set_tag",
    "tracking_mlflow_delete_run_tag",
    "tracking_mlflow_upload_artifact",
    "tracking_mlflow_upload_run_artifact",
    "imports_put_points",
    "imports_complete_item",
    "traces_start_trace",
    "traces_v2_start_trace_v2",
    "traces_v2_end_trace_v2",
    "traces_v2_link_prompts_to_trace",
    "traces_export_spans",
    "traces_set_trace_tag",
    "traces_delete_trace_tag",
    "traces_link_traces_to_run",
    "uploads_upload_part",
}
OF_THE_READER = {  # what somebody has seen of their own inbox concerns nobody else
    "collaboration_read_everything",
    "collaboration_read_item",
    "collaboration_unread_item",
}
UNRECORDED = READS_ONLY | OF_THE_RUN | OF_THE_READER | set(ELSEWHERE)
WRITES = [op for op in own_operations() if op.is_write and op.name not in UNRECORDED]


def events_of(world):
    with world.platform.database.platform_session(write=False) as db:
        rows = db.scalars(select(AuditEvent).where(AuditEvent.workspace_id == world.space.id))
        return {row.id: row for row in rows}


@pytest.mark.parametrize("operation", WRITES, ids=names(WRITES))
def test_a_change_leaves_an_entry(platform, operation):
    world = World.new(platform)
    recipe = recipe_of(operation)
    if recipe.before is not None:
        recipe.before(world)
    http = client_of(world, operation) if not operation.is_public else anonymous(world)
    make_all(operation, world)
    before = events_of(world)

    answer = call(http, operation, world)

    assert answer.is_success, f"{answer.status_code} {answer.text}"
    fresh = [row for key, row in events_of(world).items() if key not in before]
    assert fresh, f"{operation} changed something and left no entry in the audit trail."
    assert all(row.request_id and row.result == "ok" for row in fresh)


def test_operations_that_are_not_recorded_still_exist():
    assert {op.name for op in own_operations()} >= UNRECORDED


def anonymous(world):
    return TestClient(world.platform.app, raise_server_exceptions=False)
