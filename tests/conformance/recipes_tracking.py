"""Recipes of experiments, runs, artifacts and traces."""

import hashlib

from tests.make.registry import MLFLOW

from .recipe import Recipe, asking, of_experiment, of_run

_DATASET = {"name": "rows", "digest": "0", "source_type": "local", "source": "{}"}

TRACKING: dict[str, Recipe] = {
    # ---------------------------------------------------------------- tracking
    "tracking_create_experiment": Recipe(lambda ids: {"name": "fresh"}),
    "tracking_get_metric_series": asking(key="loss"),
    "tracking_follow": asking(experiment="@experiment_id", run="@run_id", key="loss"),
    "tracking_download_run_artifact": Recipe(
        query=lambda ids: {"path": ids["artifacts/path"].rpartition("/")[2]}
    ),
    "tracking_list_groups": asking(by="status"),
    "tracking_save_run_view": Recipe(lambda ids: {"name": "mine", "state": "order=x"}),
    "tracking_change_run_view": Recipe(lambda ids: {"name": "renamed"}),
    "tracking_read_table": asking(path="@t.csv"),
    "tracking_view_artifact": asking(path="@p.svg"),
    "tracking_mlflow_create_experiment": Recipe(lambda ids: {"name": "fresh too"}),
    "tracking_mlflow_get_experiment": asking(experiment_id="@experiment_id"),
    "tracking_mlflow_get_experiment_by_name": asking(experiment_name="@experiment name"),
    "tracking_mlflow_rename_experiment": of_experiment(new_name="renamed"),
    "tracking_mlflow_delete_experiment": of_experiment(),
    "tracking_mlflow_restore_experiment": Recipe(
        lambda ids: {"experiment_id": ids["experiment_id"]},
        before=lambda w: w.post(
            f"{MLFLOW}/experiments/delete", {"experiment_id": w["experiment_id"]}
        ),
    ),
    "tracking_mlflow_set_experiment_tag": of_experiment(key="a", value="b"),
    "tracking_mlflow_delete_experiment_tag": Recipe(
        lambda ids: {"experiment_id": ids["experiment_id"], "key": "a"},
        before=lambda w: w.post(
            f"{MLFLOW}/experiments/set-experiment-tag",
            {"experiment_id": w["experiment_id"], "key": "a", "value": "b"},
        ),
    ),
    "tracking_mlflow_search_experiments_get": Recipe(),
    "tracking_mlflow_search_experiments": Recipe(lambda ids: {"max_results": 10}),
    "tracking_mlflow_create_run": of_experiment(start_time=1),
    "tracking_mlflow_get_run": asking(run_id="@run_id"),
    "tracking_mlflow_update_run": of_run(status="FINISHED", end_time=2),
    "tracking_mlflow_delete_run": of_run(),
    "tracking_mlflow_restore_run": Recipe(
        lambda ids: {"run_id": ids["run_id"]},
        before=lambda w: w.post(f"{MLFLOW}/runs/delete", {"run_id": w["run_id"]}),
    ),
    "tracking_mlflow_delete_run_tag": of_run(key="note"),
    "tracking_mlflow_search_runs": Recipe(
        lambda ids: {"experiment_ids": [ids["experiment_id"]], "max_results": 10}
    ),
    "tracking_mlflow_log_inputs": of_run(datasets=[{"dataset": _DATASET}]),
    "tracking_mlflow_log_outputs": Recipe(
        lambda ids: {
            "run_id": ids["run_id"],
            "models": [{"model_id": ids["logged-models/model_id"], "step": 1}],
        }
    ),
    "tracking_mlflow_log_model_legacy": of_run(model_json="{}"),
    "tracking_mlflow_log_metric": of_run(key="loss", value=0.25, timestamp=2, step=2),
    "tracking_mlflow_log_parameter": of_run(key="rate", value="0.1"),
    "tracking_mlflow_set_tag": of_run(key="kind", value="test"),
    "tracking_mlflow_log_batch": of_run(tags=[{"key": "kind", "value": "test"}]),
    "tracking_mlflow_get_history": asking(run_id="@run_id", metric_key="loss"),
    "tracking_mlflow_get_history_bulk_interval": asking(run_ids="@run_id", metric_key="loss"),
    "tracking_mlflow_create_logged_model": of_experiment(name="another"),
    "tracking_mlflow_search_logged_models": Recipe(
        lambda ids: {"experiment_ids": [ids["experiment_id"]]}
    ),
    "tracking_mlflow_get_logged_model": Recipe(),
    "tracking_mlflow_finalize_logged_model": Recipe(lambda ids: {"status": "LOGGED_MODEL_READY"}),
    "tracking_mlflow_delete_logged_model": Recipe(),
    "tracking_mlflow_set_logged_model_tags": Recipe(
        lambda ids: {"tags": [{"key": "a", "value": "b"}]}
    ),
    "tracking_mlflow_delete_logged_model_tag": Recipe(),
    "tracking_mlflow_log_logged_model_params": Recipe(
        lambda ids: {"params": [{"key": "a", "value": "b"}]}
    ),
    "tracking_mlflow_list_logged_model_artifacts": Recipe(),
    "tracking_mlflow_list_artifacts": asking(run_id="@run_id"),
    "tracking_mlflow_list_folder": Recipe(
        query=lambda ids: {"path": ids["artifacts/path"].rpartition("/")[0]}
    ),
    "tracking_mlflow_download_artifact": Recipe(),
    "uploads_begin_upload": Recipe(
        lambda ids: {"path": f"{ids['folder']}/other.bin", "size_bytes": 7}
    ),
    "uploads_upload_part": Recipe(lambda ids: b"HALF "),
    "tracking_mlflow_create_multipart_upload": Recipe(
        lambda ids: {"path": f"/home/{ids['folder']}/large.bin", "num_parts": 2}
    ),
    "tracking_mlflow_complete_multipart_upload": Recipe(
        lambda ids: {
            "path": f"{ids.canary}.bin",
            "upload_id": ids["upload_id"],
            "parts": [
                {"part_number": number, "etag": hashlib.sha256(part).hexdigest()}
                for number, part in ((1, b"half "), (2, b"it"))
            ],
        }
    ),
    "tracking_mlflow_abort_multipart_upload": Recipe(
        lambda ids: {"path": f"{ids.canary}.bin", "upload_id": ids["upload_id"]}
    ),
    "tracking_mlflow_upload_artifact": Recipe(lambda ids: b"other notes"),
    "tracking_mlflow_delete_artifacts": Recipe(),
    "tracking_mlflow_get_history_bulk": asking(run_id="@run_id", metric_key="loss"),
    "tracking_mlflow_search_datasets": Recipe(
        lambda ids: {"experiment_ids": [ids["experiment_id"]]}
    ),
    "tracking_mlflow_get_logged_model_artifact": asking(artifact_file_path="MLmodel"),
    "tracking_mlflow_upload_run_artifact": Recipe(
        lambda ids: b"more notes", query=lambda ids: {"run_id": ids["run_id"], "path": "more.txt"}
    ),
    "tracking_mlflow_get_artifact": Recipe(
        query=lambda ids: {
            "run_id": ids["run_id"],
            "path": ids["artifacts/path"].rpartition("/")[2],
        }
    ),
    # ------------------------------------------------------------------ traces
    "traces_start_trace": Recipe(
        lambda ids: {
            "trace": {
                "trace_info": {
                    "trace_id": "tr-fresh",
                    "trace_location": {
                        "mlflow_experiment": {"experiment_id": ids["experiment_id"]}
                    },
                }
            }
        }
    ),
    "traces_search_traces": Recipe(
        lambda ids: {"locations": [{"mlflow_experiment": {"experiment_id": ids["experiment_id"]}}]}
    ),
    "traces_get_trace": asking(trace_id="@trace_id"),
    "traces_get_traces": asking(trace_ids="@trace_id"),
    "traces_get_trace_infos": Recipe(lambda ids: {"trace_ids": [ids["trace_id"]]}),
    "traces_get_trace_info": Recipe(),
    "traces_delete_traces": Recipe(
        lambda ids: {"experiment_id": ids["experiment_id"], "trace_ids": [ids["trace_id"]]}
    ),
    "traces_set_trace_tag": Recipe(lambda ids: {"key": "a", "value": "b"}),
    "traces_delete_trace_tag": Recipe(
        lambda ids: {"key": "a"},
        before=lambda w: w.http.patch(
            f"/api/3.0/mlflow/traces/{w['trace_id']}/tags", json={"key": "a", "value": "b"}
        ),
    ),
    "traces_link_traces_to_run": Recipe(
        lambda ids: {"run_id": ids["run_id"], "trace_ids": [ids["trace_id"]]}
    ),
    "traces_create_assessment": Recipe(
        lambda ids: {"assessment": {"assessment_name": "n", "expectation": {"value": 1}}}
    ),
    "traces_get_assessment": Recipe(),
    "traces_update_assessment": Recipe(
        lambda ids: {"assessment": {"rationale": "because"}, "update_mask": "rationale"}
    ),
    "traces_delete_assessment": Recipe(),
    "traces_v2_start_trace_v2": Recipe(lambda ids: {"experiment_id": ids["experiment_id"]}),
    "traces_v2_end_trace_v2": Recipe(lambda ids: {"status": "OK"}),
    "traces_v2_get_trace_info_v2": Recipe(),
    "traces_v2_get_trace_artifact": asking(request_id="@trace_id"),
    "traces_v2_search_traces_v2": asking(experiment_ids="@experiment_id"),
    "traces_v2_link_prompts_to_trace": Recipe(
        lambda ids: {
            "trace_id": ids["trace_id"],
            "prompt_versions": [{"name": "greeting", "version": "1"}],
        }
    ),
    "traces_correlate_filters": Recipe(
        lambda ids: {
            "experiment_ids": [ids["experiment_id"]],
            "filter_string1": "status = 'OK'",
            "filter_string2": "status = 'ERROR'",
        }
    ),
    "traces_query_metrics": Recipe(
        lambda ids: {
            "experiment_ids": [ids["experiment_id"]],
            "view_type": "TRACES",
            "metric_name": "trace_count",
            "aggregations": [{"aggregation_type": "COUNT"}],
            "dimensions": ["trace_name"],
        }
    ),
    "trace_issues_create_issue": Recipe(
        lambda ids: {
            "experiment_id": ids["experiment_id"],
            "name": "slow",
            "description": "Slower than others",
        }
    ),
    "trace_issues_search_issues": Recipe(lambda ids: {"experiment_id": ids["experiment_id"]}),
    "trace_issues_get_issue": Recipe(),
    "trace_issues_update_issue": Recipe(lambda ids: {"status": "resolved"}),
    "scorers_register_scorer": Recipe(
        lambda ids: {
            "experiment_id": ids["experiment_id"],
            "name": "judge",
            "serialized_scorer": "{}",
        }
    ),
    "scorers_list_scorers": asking(experiment_id="@experiment_id"),
    "scorers_list_scorer_versions": asking(experiment_id="@experiment_id", name="@scorer name"),
    "scorers_get_scorer": asking(experiment_id="@experiment_id", name="@scorer name"),
    "scorers_delete_scorer": Recipe(
        lambda ids: {"experiment_id": ids["experiment_id"], "name": ids["scorer name"]}
    ),
    "traces_export_spans": Recipe(lambda ids: b""),
    "evaluation_datasets_create_dataset": Recipe(lambda ids: {"name": "fresh questions"}),
    "evaluation_datasets_search_datasets_get": Recipe(),
    "evaluation_datasets_search_datasets": Recipe(lambda ids: {"max_results": 10}),
    "evaluation_datasets_get_dataset": Recipe(),
    "evaluation_datasets_delete_dataset": Recipe(),
    "evaluation_datasets_upsert_records": Recipe(
        lambda ids: {"records": '[{"inputs": {"q": "other"}}]'}
    ),
    "evaluation_datasets_get_records": Recipe(),
    "evaluation_datasets_delete_records": Recipe(lambda ids: {"dataset_record_ids": ["dr-1"]}),
    "evaluation_datasets_set_dataset_tags": Recipe(lambda ids: {"tags": '{"a": "b"}'}),
    "evaluation_datasets_delete_dataset_tag": Recipe(),
    "evaluation_datasets_get_dataset_experiments": Recipe(),
    "evaluation_datasets_add_dataset_to_experiments": Recipe(
        lambda ids: {"experiment_ids": [ids["experiment_id"]]}
    ),
    "evaluation_datasets_remove_dataset_from_experiments": Recipe(
        lambda ids: {"experiment_ids": [ids["experiment_id"]]}
    ),
}
