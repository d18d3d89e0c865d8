"""What to send to each operation so that it succeeds for the workspace that owns the ids."""

import re
from typing import Any

import httpx
from starlette.testclient import TestClient

from tests.make.registry import MLFLOW, a_package

from . import states
from .recipe import Recipe, asking, named
from .recipes_tracking import TRACKING
from .seeds import ALIAS, PASSWORD, PROXY, Ids
from .seeds_oauth import a_token_request
from .walk import Operation

HERE = "tests/conformance/recipes.py"
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


def of(operation: Operation) -> Recipe:
    """Give the recipe of an operation; those without body and query need none."""
    if operation.name in RECIPES:
        return RECIPES[operation.name]
    free = not operation.has_body and not operation.required_query
    if free and not operation.is_mlflow:
        return Recipe()
    raise AssertionError(
        f"{operation} ({operation.name}) has no recipe. Add to RECIPES in {HERE} the body and "
        "query with which it succeeds."
    )


def path_of(operation: Operation, ids: Ids) -> str:
    """Fill a path with ids. `a/{token}` takes the seed `a/token` when there is one."""

    def fill(match: re.Match[str]) -> str:
        before = operation.path[: match.start()].strip("/").rpartition("/")[2]
        return ids[seed_of(before, match.group(1))]

    return _PARAMETER.sub(fill, operation.path)


def seed_of(before: str, parameter: str) -> str:
    """Name the seed of a parameter: with the path segment before it when that one exists."""
    from .seeds import SEEDS

    special = f"{before}/{parameter}"
    return special if special in SEEDS else parameter


def call(http: TestClient, operation: Operation, ids: Ids) -> httpx.Response:
    """Call an operation with a recipe's body and the given ids."""
    recipe = of(operation)
    body = recipe.body(ids) if recipe.body is not None else None
    sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {}
    if body is not None and not sent:
        sent = {"data" if recipe.form else "json": body}
    query = recipe.query(ids) if recipe.query is not None else {}
    return http.request(operation.method, path_of(operation, ids), params=query, **sent)


def make_all(operation: Operation, ids: Ids) -> None:
    """Make everything an operation names, without calling it."""
    path_of(operation, ids)
    for part in (of(operation).body, of(operation).query):
        if part is not None:
            part(ids)


RECIPES: dict[str, Recipe] = {
    # ---------------------------------------------------------------- identity
    "identity_sign_in": Recipe(lambda ids: {"email": ids.owner.email, "password": PASSWORD}),
    "identity_change_password": Recipe(
        lambda ids: {"current_password": PASSWORD, "new_password": "another long password"}
    ),
    "identity_request_password_reset": Recipe(lambda ids: {"email": ids.owner.email}),
    "identity_reset_password": Recipe(lambda ids: {"password": "another long password"}),
    "identity_create_token": Recipe(lambda ids: {"name": "made", "role": "viewer"}),
    # -------------------------------------------------------------- workspaces
    "workspaces_create_workspace": Recipe(lambda ids: {"name": "Another team"}),
    "workspaces_rename_workspace": Recipe(lambda ids: {"name": "New name"}),
    "workspaces_delete_workspace": Recipe(
        query=lambda ids: {"confirm": ids.space.slug},
        before=states.another_workspace,
    ),
    "workspaces_mlflow_delete_mlflow_workspace": Recipe(before=states.another_workspace),
    "workspaces_change_role": Recipe(lambda ids: {"role": "developer"}),
    "workspaces_invite": Recipe(lambda ids: {"email": "guest@example.com", "role": "viewer"}),
    "workspaces_accept_invitation": Recipe(
        lambda ids: {"display_name": "Guest", "password": "a guest's long password"}
    ),
    "workspaces_mlflow_list_mlflow_workspaces": Recipe(),
    "workspaces_mlflow_create_mlflow_workspace": Recipe(lambda ids: {"name": "one-more-team"}),
    "workspaces_mlflow_get_mlflow_workspace": Recipe(),
    "workspaces_mlflow_update_mlflow_workspace": Recipe(lambda ids: {"description": "changed"}),
    **TRACKING,
    # ------------------------------------------------------------ collaboration
    "collaboration_list_comments": asking(resource_type="run", resource_id="@run_id"),
    "collaboration_create_comment": Recipe(
        lambda ids: {"resource_type": "run", "resource_id": ids["run_id"], "body": "why?"}
    ),
    "collaboration_update_comment": Recipe(lambda ids: {"body": "because"}),
    "collaboration_reopen_thread": Recipe(
        before=lambda w: w.http.post(f"/api/v1/comments/{w['comment_id']}/resolve")
    ),
    "collaboration_list_activity": asking(resource_type="run", resource_id="@run_id"),
    # ----------------------------------------------------------------- storage
    "storage_collect": Recipe(lambda ids: {"dry_run": True}),
    # ---------------------------------------------------------------- registry
    "mlflow_get_version_artifact": asking(name="@model name", version="1", path="MLmodel"),
    "registry_update_model": Recipe(lambda ids: {"description": "changed"}),
    "registry_write_card": Recipe(lambda ids: {"text": "## Purpose"}),
    "registry_set_model_tag": Recipe(lambda ids: {"value": "blue"}),
    "registry_delete_model_tag": Recipe(
        before=lambda w: w.http.put(
            f"/api/v1/models/{w['models/model_id']}/tags/colour", json={"value": "blue"}
        )
    ),
    "registry_release_scan": Recipe(
        lambda ids: {"reason": "Looked at by two people."}, before=states.suspicious
    ),
    "registry_withdraw_release": Recipe(before=states.released),
    "registry_import_bundle": Recipe(states.a_bundle),
    "registry_get_origin": Recipe(before=states.imported),
    "registry_compare_versions": asking(a="1", b="1"),
    "registry_unprotect_alias": Recipe(
        before=lambda w: w.http.put(f"/api/v1/protected-aliases/{w['protected_alias']}")
    ),
    "registry_set_alias": Recipe(lambda ids: {"version": 1}),
    "mlflow_create_registered_model": Recipe(lambda ids: {"name": "fresh-model"}),
    "mlflow_get_registered_model": asking(name="@model name"),
    "mlflow_rename_registered_model": named(new_name="renamed-model"),
    "mlflow_update_registered_model": named(description="changed"),
    "mlflow_delete_registered_model": named(),
    "mlflow_search_registered_models": Recipe(),
    "mlflow_get_latest_versions": named(),
    "mlflow_read_latest_versions": asking(name="@model name"),
    "mlflow_set_registered_model_tag": named(key="a", value="b"),
    "mlflow_delete_registered_model_tag": named(key="note"),
    "mlflow_set_registered_model_alias": named(alias="next", version="1"),
    "mlflow_delete_registered_model_alias": named(alias=ALIAS),
    "mlflow_get_model_version_by_alias": asking(name="@model name", alias=ALIAS),
    "mlflow_create_model_version": Recipe(
        lambda ids: {"name": ids["model name"], "source": f"runs:/{ids['run_id']}/model"},
        before=lambda w: w.http.put(
            f"{PROXY}/{w['artifacts/path'].rpartition('/')[0]}/model/MLmodel",
            content=a_package()["MLmodel"],
        ),
    ),
    "mlflow_get_model_version": asking(name="@model name", version="1"),
    "mlflow_update_model_version": named(version="1", description="changed"),
    "mlflow_delete_model_version": named(version="1"),
    "mlflow_transition_model_version_stage": named(version="1", stage="Staging"),
    "mlflow_get_download_uri": asking(name="@model name", version="1"),
    "mlflow_search_model_versions": Recipe(),
    "mlflow_set_model_version_tag": named(version="1", key="a", value="b"),
    "mlflow_delete_model_version_tag": Recipe(
        lambda ids: {"name": ids["model name"], "version": "1", "key": "a"},
        before=lambda w: w.post(
            f"{MLFLOW}/model-versions/set-tag",
            {"name": w["model name"], "version": "1", "key": "a", "value": "b"},
        ),
    ),
    "mlflow_create_webhook": Recipe(
        lambda ids: {
            "name": "fresh-hook",
            "url": "https://hooks.example.com/x",
            "events": [{"entity": "PROMPT", "action": "CREATED"}],
        }
    ),
    "mlflow_list_webhooks": Recipe(),
    "mlflow_get_webhook": Recipe(),
    "mlflow_update_webhook": Recipe(lambda ids: {"status": "DISABLED"}),
    "mlflow_delete_webhook": Recipe(),
    "mlflow_test_webhook": Recipe(lambda ids: {}),
    "registry_create_webhook": Recipe(
        lambda ids: {
            "name": "fresh-hook",
            "url": "https://hooks.example.com/x",
            "events": ["prompt.created"],
        }
    ),
    "registry_update_webhook": Recipe(lambda ids: {"is_active": False}),
    "registry_test_webhook": Recipe(lambda ids: {}),
    # ----------------------------------------------------------------- imports
    "imports_start_import": Recipe(
        lambda ids: {"kind": "mlflow", "source": "a server", "planned": {"run": 2}}
    ),
    "imports_put_experiment": Recipe(lambda ids: {"source_id": "7", "name": "brought"}),
    "imports_put_run": Recipe(
        lambda ids: {
            "source_id": "RUN-1",
            "experiment_id": ids["experiment_id"],
            "name": "brought",
            "status": "FINISHED",
            "started_ms": 1,
        }
    ),
    "imports_put_points": Recipe(
        lambda ids: {
            "run_id": ids["run_id"],
            "points": [{"key": "loss", "value": 0.5, "at_ms": 1, "step": 3}],
        }
    ),
    "imports_put_logged_model": Recipe(
        lambda ids: {
            "source_id": f"m-{'0' * 32}",
            "experiment_id": ids["experiment_id"],
            "name": "brought",
            "status": "LOGGED_MODEL_READY",
            "created_ms": 1,
            "updated_ms": 1,
        }
    ),
    "imports_put_model": Recipe(
        lambda ids: {"name": "brought-model", "created_ms": 1, "updated_ms": 1}
    ),
    "imports_put_version": Recipe(
        lambda ids: {
            "model": ids["model name"],
            "number": 7,
            "source": f"runs:/{ids['run_id']}/model",
            "created_ms": 1,
            "updated_ms": 1,
        },
        before=lambda w: w.http.put(
            f"{PROXY}/{w['artifacts/path'].rpartition('/')[0]}/model/MLmodel",
            content=a_package()["MLmodel"],
        ),
    ),
    "imports_complete_item": Recipe(
        lambda ids: {"kind": "experiment", "source_id": "7", "fingerprint": "f"},
        before=lambda w: w.post(
            f"/api/v1/imports/{w['import_id']}/experiments", {"source_id": "7", "name": "brought"}
        ),
    ),
    "imports_finish_import": Recipe(lambda ids: {"error": None}),
    # -------------------------------------------------------------- deployments
    "deployments_auto_config": Recipe(lambda ids: {"model_id": ids["models/model_id"]}),
    "deployments_deploy": Recipe(
        lambda ids: {"model_id": ids["models/model_id"], "use_auto_config": True}
    ),
    "deployments_deploy_version": Recipe(lambda ids: {"version": 1, "use_auto_config": True}),
    "deployments_roll_back": Recipe(
        lambda ids: {"reason": "it was better"}, before=states.an_older_revision_served
    ),
    "deployments_create_environment": Recipe(lambda ids: {"name": "Canary lab"}),
    "deployments_change_environment": Recipe(lambda ids: {"name": "Renamed"}),
    "deployments_compare_environments": asking(other="dev"),
    "deployments_set_secret": Recipe(lambda ids: {"value": "s3cret"}),
    "deployments_promote": Recipe(
        lambda ids: {"environment": "production"}, before=states.live_and_proven
    ),
    "deployments_set_traffic": Recipe(
        lambda ids: {"weights": [{"revision": 1, "weight": 80}, {"revision": 2, "weight": 20}]},
        before=states.a_canary,
    ),
    "deployments_set_scaling": Recipe(lambda ids: {"min_replicas": 1, "max_replicas": 2}),
    "deployments_put_safeguards": Recipe(
        lambda ids: {"safeguards": [{"name": "low", "check": "range", "minimum": 0}]}
    ),
    "deployments_start": Recipe(before=states.stopped),
    "deployments_delete_deployment": Recipe(before=states.stopped),
    "traffic_create_key": Recipe(lambda ids: {"name": "another", "scopes": ["predict"]}),
    "traffic_rotate_key": Recipe(lambda ids: {"overlap_hours": 1}),
    "oauth_create_oauth_client": Recipe(lambda ids: {"name": "another"}),
    "oauth_rotate_oauth_client": Recipe(lambda ids: {"overlap_hours": 1}),
    "oauth_issue_access_token": Recipe(a_token_request, form=True),
    "traffic_try_it": Recipe(lambda ids: {"path": "predict", "body": {"rows": [{"x": 1.0}]}}),
    "traffic_try_streaming": Recipe(
        lambda ids: {"body": {"model": "m", "messages": [], "stream": True}}
    ),
    "monitoring_get_shadow": Recipe(before=states.a_shadow),
    "batches_score_file": Recipe(
        lambda ids: b"x\n1\n",
        lambda ids: {"file_name": "rows.csv"},
        before=states.live_and_published,
    ),
    "batches_score_run_file": Recipe(
        lambda ids: {"run_id": ids["run_id"], "path": "rows.csv"},
        before=states.rows_logged,
    ),
    "batches_cancel_batch": Recipe(before=states.batch_waits),
    "monitoring_get_distribution": asking(feature="x"),
    "monitoring_list_moved_rows": asking(feature="x"),
    "monitoring_put_capture": Recipe(lambda ids: {"columns": {"x": "hash"}, "rate": 0.5}),
    "monitoring_put_constraints": Recipe(
        lambda ids: {"columns": [{"column": "x", "minimum": 0, "max_missing_share": 0.1}]}
    ),
    "monitoring_erase_rows": Recipe(lambda ids: {"column": "x", "value": "1"}),
    "monitoring_export_rows": Recipe(before=states.rows_captured),
    "monitoring_send_outcomes_file": Recipe(lambda ids: b"prediction_id,value\np-2,1\n"),
    "monitoring_find_slices": Recipe(before=states.rows_captured),
    "monitoring_get_slice": Recipe(
        query=lambda ids: {"condition": "x > 0"}, before=states.rows_captured
    ),
    "monitoring_get_value": Recipe(
        before=lambda w: w.http.put(
            f"/api/v1/deployments/{w['deployment_id']}/value", json={"positive": "1"}
        )
    ),
    "monitoring_put_value": Recipe(lambda ids: {"true_positive": 5.0, "false_positive": -1.0}),
    "monitoring_get_outcome_source": Recipe(before=states.source_connected),
    "monitoring_put_outcome_source": Recipe(states.source_body),
    "monitoring_remove_outcome_source": Recipe(before=states.source_connected),
    "monitoring_look_at_outcome_source": Recipe(
        lambda ids: {"place": states.source_body(ids)["place"]}
    ),
    "monitoring_pull_outcomes": Recipe(lambda ids: {}, before=states.source_connected),
    "monitoring_get_estimate": Recipe(before=states.estimable),
    "monitoring_get_reference": Recipe(before=states.reference_uploaded),
    "monitoring_put_reference": Recipe(
        lambda ids: ("x,score,actual\n" + "1,0.5,1\n" * 100).encode(),
        query=lambda ids: {"name": "rows"},
    ),
    "monitoring_delete_reference": Recipe(before=states.reference_uploaded),
    "deployments_create_reported": Recipe(lambda ids: {"model_name": "served elsewhere"}),
    "monitoring_report_rows": Recipe(
        lambda ids: {"rows": [{"inputs": {"x": 1.0}, "prediction": 1}]}, before=states.reported
    ),
    "monitoring_send_outcomes": Recipe(lambda ids: {"prediction_id": "p-1", "value": 1}),
    "monitoring_save_fleet_view": Recipe(lambda ids: {"name": "mine", "state": "q=x"}),
    "monitoring_change_fleet_view": Recipe(lambda ids: {"name": "renamed"}),
    # ------------------------------------------------------------------- alerts
    "dashboards_create_dashboard": Recipe(lambda ids: {"name": "Mornings"}),
    "dashboards_change_dashboard": Recipe(lambda ids: {"name": "Evenings", "version": 1}),
    "alerts_create_rule": Recipe(
        lambda ids: {
            "deployment_id": ids["deployment_id"],
            "name": "Another",
            "condition": {"kind": "down"},
        }
    ),
    "alerts_preview_rule": Recipe(
        lambda ids: {"deployment_id": ids["deployment_id"], "condition": {"kind": "down"}}
    ),
    "alerts_change_rule": Recipe(lambda ids: {"severity": "info"}),
    "alerts_create_silence": Recipe(
        lambda ids: (
            {"reason": "work", "ends_at": "2999-01-01T00:00:00Z", "repeats": "weekly"}
            | {"starts_at": "2998-12-31T00:00:00Z"}
        )
    ),
    "alerts_set_policy": Recipe(lambda ids: {"repeat_minutes": 60}),
    "alerts_assign": Recipe(lambda ids: {"user_id": None}),
    "alerts_snooze": Recipe(lambda ids: {"minutes": 60}),
    "alerts_comment": Recipe(lambda ids: {"text": "noted"}),
    "alerts_resolve": Recipe(lambda ids: {"resolution": "fixed"}),
    "alerts_roll_back": Recipe(
        lambda ids: {"reason": "it was better"}, before=states.an_older_revision_served
    ),
    "alerts_shift_traffic": Recipe(
        lambda ids: {"revision": 2, "percent": 20}, before=states.a_canary
    ),
    "alerts_mute_feature": Recipe(lambda ids: {"feature": "x"}),
    "alerts_adjust_rule": Recipe(
        lambda ids: {"rule_id": ids["rule_id"], "condition": {"kind": "down"}}
    ),
    # ------------------------------------------------------------ notifications
    "notifications_create_channel": Recipe(
        lambda ids: {"name": "Another", "kind": "slack", "url": "https://127.0.0.1:9/hook"}
    ),
    "notifications_change_channel": Recipe(lambda ids: {"hourly_cap": 5}),
    # -------------------------------------------------------------------- flags
    "throttling_set_rate_limit": Recipe(
        lambda ids: {"route_class": "write", "subject": "user", "per_minute": 100_000}
    ),
    "flags_set_flag_rule": Recipe(lambda ids: {"default_on": True}),
    "flags_decide_for_organisation": Recipe(lambda ids: {"is_on": True}),
    "flags_decide_for_person": Recipe(lambda ids: {"is_on": False}),
    # ------------------------------------------------------------------ samples
    "samples_replay_sample": Recipe(
        lambda ids: {"drift": True, "rows": 10}, before=states.sample_ready
    ),
    "samples_remove_sample": Recipe(before=states.sample_ready),
}
