"""Runs and logged models as MLflow shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from modelyard_server.tracking import inputs, logged_models, reading, sources
from modelyard_server.tracking.models import Dataset, LoggedModel, ModelMetric, Run, RunInput

from . import wire


def run_info(run: Run) -> dict[str, Any]:
    """Give a run's attributes."""
    shown: dict[str, Any] = {
        "run_id": run.uid,
        "run_uuid": run.uid,
        "run_name": run.name,
        "experiment_id": str(run.experiment_id),
        "user_id": run.user_name,
        "status": run.status,
        "start_time": run.started_ms,
        "artifact_uri": sources.of_run(run),
        "lifecycle_stage": run.lifecycle_stage,
    }
    if run.ended_ms is not None:
        shown["end_time"] = run.ended_ms
    return shown


def full_runs(db: Session, found: list[Run]) -> list[dict[str, Any]]:
    """Give runs with what they logged and read, by a fixed number of queries."""
    numbers = [run.id for run in found]
    logged = reading.logged(db, numbers)
    datasets = inputs.datasets_of(db, numbers) if numbers else {}
    models = inputs.models_of(db, numbers) if numbers else {}
    shown = []
    for run in found:
        links = models.get(run.id, [])
        shown.append(
            {
                "info": run_info(run),
                "data": _data(logged[run.id]),
                "inputs": {
                    "dataset_inputs": [_dataset(d, link) for d, link in datasets.get(run.id, [])],
                    "model_inputs": [
                        {"model_id": link.model_id} for link in links if not link.is_output
                    ],
                },
                "outputs": {
                    "model_outputs": [
                        {"model_id": link.model_id, "step": link.step}
                        for link in links
                        if link.is_output
                    ]
                },
            }
        )
    return shown


def models(db: Session, rows: list[LoggedModel]) -> list[dict[str, Any]]:
    """Give logged models."""
    metrics = logged_models.metrics_of(db, [row.id for row in rows]) if rows else {}
    return [
        {
            "info": _model_info(row),
            "data": {
                "params": wire.as_pairs(row.params),
                "metrics": [_model_metric(metric) for metric in metrics.get(row.id, [])],
            },
        }
        for row in rows
    ]


def _data(logged: reading.Logged) -> dict[str, Any]:
    return {
        "metrics": [
            {
                "key": metric.key,
                "value": wire.number(None if metric.is_nan else metric.value),
                "timestamp": metric.at_ms,
                "step": metric.step,
            }
            for metric in logged.metrics
        ],
        "params": wire.as_pairs(logged.params),
        "tags": wire.as_pairs(logged.tags),
    }


def _dataset(dataset: Dataset, link: RunInput) -> dict[str, Any]:
    described = {
        "name": dataset.name,
        "digest": dataset.digest,
        "source_type": dataset.source_type,
        "source": dataset.source,
        "schema": dataset.schema_json,
        "profile": dataset.profile_json,
    }
    return {
        "tags": wire.as_pairs(link.tags),
        "dataset": {key: value for key, value in described.items() if value is not None},
    }


def _model_info(row: LoggedModel) -> dict[str, Any]:
    shown = {
        "model_id": row.id,
        "experiment_id": str(row.experiment_id),
        "name": row.name,
        "creation_timestamp_ms": row.created_ms,
        "last_updated_timestamp_ms": row.updated_ms,
        "artifact_uri": sources.of_model(row),
        "status": row.status,
        "model_type": row.model_type,
        "source_run_id": row.source_run_id,
        "status_message": row.status_message,
        "tags": wire.as_pairs(row.tags),
    }
    return {key: value for key, value in shown.items() if value is not None}


def _model_metric(row: ModelMetric) -> dict[str, Any]:
    shown = {
        "key": row.name,
        "value": wire.number(None if row.is_nan else row.value),
        "timestamp": row.at_ms,
        "step": row.step,
        "model_id": row.model_id,
        "run_id": row.run_uid,
    }
    if row.dataset_name:
        shown |= {"dataset_name": row.dataset_name, "dataset_digest": row.dataset_digest}
    return shown
