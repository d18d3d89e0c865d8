"""Logged models: the packages that `log_model` writes, before and beside the registry."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail

from . import experiments, ingest, runs
from .errors import LoggedModelMissing, TagMissing, ValueRefused
from .filters import Clause
from .models import ACTIVE, DELETED, LoggedModel, ModelMetric, Run, RunModel

STATUSES = ("LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED")
_ONLY_LETTERS = frozenset("/:.%\"'`")


@dataclass(frozen=True, slots=True)
class NewModel:
    """What a client says about a model it is about to upload."""

    experiment_id: str
    name: str | None
    model_type: str | None
    source_run_id: str | None
    params: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class MetricOf:
    """A metric logged for a model, and the dataset it was measured on."""

    model_id: str
    point: ingest.Point
    dataset_name: str
    dataset_digest: str


def create(db: Session, actor: trail.Who, new: NewModel) -> LoggedModel:
    """Make a model that is pending until its files have arrived.

    Raises:
        ExperimentMissing: there is no such experiment.
        RunMissing: there is no such run.
        ValueRefused: the name has characters that addresses need, or it is too long.
    """
    experiment = experiments.get_active(db, new.experiment_id)
    if new.source_run_id:
        runs.get(db, new.source_run_id)
    model_id = f"m-{uuid.uuid4().hex}"
    name = new.name or f"model-{model_id[2:10]}"
    if len(name) > 500 or set(name) & _ONLY_LETTERS or not name.isprintable():
        raise ValueRefused(
            "Invalid model name: it has at most 500 characters, none of / : . % \" ' `"
        )
    at = runs.now_ms()
    row = LoggedModel(
        id=model_id,
        experiment_id=experiment.id,
        source_run_id=new.source_run_id or None,
        name=name,
        model_type=new.model_type,
        status=STATUSES[0],
        status_message=None,
        lifecycle_stage=ACTIVE,
        created_ms=at,
        updated_ms=at,
        params=new.params,
        tags=new.tags,
    )
    db.add(row)
    db.flush()
    _record(db, actor, "create", row, after={"name": name, "run": new.source_run_id})
    return row


def get(db: Session, model_id: str, *, deleted_too: bool = False) -> LoggedModel:
    """Give a logged model.

    Raises:
        LoggedModelMissing: there is none, or it is deleted.
    """
    row = db.scalars(select(LoggedModel).where(LoggedModel.id == model_id)).one_or_none()
    if row is None or (row.lifecycle_stage == DELETED and not deleted_too):
        raise LoggedModelMissing(f"Logged model with ID '{model_id[:64]}' not found.")
    return row


def finalize(db: Session, actor: trail.Who, model_id: str, status: str) -> LoggedModel:
    """Say that the files are there, or that uploading them failed.

    Raises:
        LoggedModelMissing: there is none.
        ValueRefused: no such status.
    """
    if status not in STATUSES[1:]:
        raise ValueRefused(f"A model ends as one of {', '.join(STATUSES[1:])}.")
    row = get(db, model_id)
    before = row.status
    row.status, row.updated_ms = status, runs.now_ms()
    _record(db, actor, "finalize", row, before={"status": before}, after={"status": status})
    return row


def set_tags(db: Session, actor: trail.Who, model_id: str, tags: dict[str, str]) -> LoggedModel:
    """Set tags.

    Raises:
        LoggedModelMissing: there is none.
    """
    row = get(db, model_id)
    row.tags, row.updated_ms = {**row.tags, **tags}, runs.now_ms()
    _record(db, actor, "set_tags", row, after=dict(tags))
    return row


def delete_tag(db: Session, actor: trail.Who, model_id: str, key: str) -> None:
    """Remove a tag.

    Raises:
        LoggedModelMissing: there is none.
        TagMissing: it has no such tag.
    """
    row = get(db, model_id)
    if key not in row.tags:
        raise TagMissing(f"No tag with key {key[:80]!r} for this model.")
    _record(db, actor, "delete_tag", row, before={key: row.tags[key]})
    row.tags = {k: v for k, v in row.tags.items() if k != key}
    row.updated_ms = runs.now_ms()


def log_params(db: Session, actor: trail.Who, model_id: str, params: dict[str, str]) -> None:
    """Add parameters.

    Raises:
        LoggedModelMissing: there is none.
        ValueRefused: one has another value already.
    """
    row = get(db, model_id)
    changed = [key for key, value in params.items() if row.params.get(key, value) != value]
    if changed:
        raise ValueRefused(f"The model's param {changed[0][:80]} has another value already.")
    row.params, row.updated_ms = {**row.params, **params}, runs.now_ms()
    _record(db, actor, "log_params", row, after=dict(params))


def mark_deleted(db: Session, actor: trail.Who, model_id: str) -> None:
    """Hide a model.

    Raises:
        LoggedModelMissing: there is none.
    """
    row = get(db, model_id)
    row.lifecycle_stage, row.updated_ms = DELETED, runs.now_ms()
    _record(db, actor, "delete", row, before={"name": row.name})


def write_metrics(db: Session, run: ingest.Target, metrics: Sequence[MetricOf]) -> None:
    """Keep the newest value of each metric of each model.

    Raises:
        LoggedModelMissing: there is no such model.
    """
    for model_id in sorted({metric.model_id for metric in metrics}):
        get(db, model_id, deleted_too=True)
    for metric in metrics:
        value, is_nan = ingest.clean(metric.point.value)
        row = db.scalars(
            select(ModelMetric).where(
                ModelMetric.model_id == metric.model_id,
                ModelMetric.name == metric.point.key,
                ModelMetric.dataset_name == metric.dataset_name,
                ModelMetric.dataset_digest == metric.dataset_digest,
            )
        ).one_or_none()
        if row is None:
            row = ModelMetric(
                model_id=metric.model_id,
                name=metric.point.key,
                dataset_name=metric.dataset_name,
                dataset_digest=metric.dataset_digest,
            )
            db.add(row)
        elif (row.step, row.at_ms) > (metric.point.step, metric.point.at_ms):
            continue
        row.value, row.is_nan, row.run_uid = value, is_nan, run.uid
        row.step, row.at_ms = metric.point.step, metric.point.at_ms
        db.flush()


def metrics_of(db: Session, model_ids: Collection[str]) -> dict[str, list[ModelMetric]]:
    """Give the metrics of several models at once."""
    found: dict[str, list[ModelMetric]] = {}
    for row in db.scalars(
        select(ModelMetric).where(ModelMetric.model_id.in_(model_ids)).order_by(ModelMetric.name)
    ):
        found.setdefault(row.model_id, []).append(row)
    return found


def of_run(db: Session, run: Run) -> list[LoggedModel]:
    """List the models a run wrote, oldest first."""
    linked = select(RunModel.model_id).where(
        RunModel.run_id == run.id, RunModel.is_output.is_(True)
    )
    return list(
        db.scalars(
            select(LoggedModel)
            .where(
                (LoggedModel.source_run_id == run.uid) | LoggedModel.id.in_(linked),
                LoggedModel.lifecycle_stage == ACTIVE,
            )
            .order_by(LoggedModel.created_ms, LoggedModel.id)
        )
    )


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """A dataset that metrics were measured on; without digest or name any of the other."""

    name: str
    digest: str = ""

    def is_of(self, metric: ModelMetric) -> bool:
        """Tell whether a metric was measured on it."""
        has_name = self.name in {"", metric.dataset_name}
        return has_name and self.digest in {"", metric.dataset_digest}


def search(
    db: Session,
    experiment_ids: Collection[int],
    clauses: Sequence[Clause],
    datasets: Sequence[DatasetRef] = (),
) -> list[LoggedModel]:
    """List active models of experiments that satisfy all clauses, newest first.

    Names and sources narrow the query; the other clauses are checked on what it gives. With
    datasets, only models count that have a metric measured on one of them.

    Raises:
        ValueRefused: a clause names what models have not got, or does not compare with it.
    """
    query = select(LoggedModel).where(
        LoggedModel.experiment_id.in_(experiment_ids), LoggedModel.lifecycle_stage == ACTIVE
    )
    _check(clauses)
    for clause in clauses:
        column = _COLUMNS.get(clause.key) if clause.kind == "attribute" else None
        if column is not None and clause.operator == "=":
            query = query.where(column == clause.value)
    rows = list(db.scalars(query.order_by(LoggedModel.created_ms.desc(), LoggedModel.id)))
    wanted = bool(datasets) or any(clause.kind == "metric" for clause in clauses)
    metrics = metrics_of(db, [row.id for row in rows]) if wanted else {}
    if datasets:
        metrics = {
            model_id: [m for m in found if any(ref.is_of(m) for ref in datasets)]
            for model_id, found in metrics.items()
        }
        rows = [row for row in rows if metrics.get(row.id)]
    return [row for row in rows if all(_holds(row, metrics.get(row.id, []), c) for c in clauses)]


def in_order(
    db: Session,
    rows: Sequence[LoggedModel],
    key: str,
    *,
    is_ascending: bool,
    dataset: DatasetRef,
) -> list[LoggedModel]:
    """Sort models by an attribute or by `metrics.<name>`; those without it come last.

    Of metrics only those count that were measured on the dataset, where one is named.

    Raises:
        ValueRefused: there is no such attribute.
    """
    kind, _, name = key.partition(".")
    values: dict[str, float | str | None]
    if kind in {"metric", "metrics"} and name:
        metrics = metrics_of(db, [row.id for row in rows])
        values = {
            row.id: next(
                (m.value for m in metrics.get(row.id, []) if m.name == name and dataset.is_of(m)),
                None,
            )
            for row in rows
        }
    elif key in _ATTRIBUTES:
        values = {row.id: getattr(row, _ATTRIBUTES[key]) for row in rows}
    else:
        raise ValueRefused(f"Models cannot be sorted by {key[:80]}.")
    has = [row for row in rows if values[row.id] is not None]
    has.sort(key=lambda row: values[row.id], reverse=not is_ascending)  # type: ignore[arg-type,return-value]
    return has + [row for row in rows if values[row.id] is None]


_COLUMNS = {
    "name": LoggedModel.name,
    "model_id": LoggedModel.id,
    "source_run_id": LoggedModel.source_run_id,
}
_ATTRIBUTES = {
    "name": "name",
    "model_id": "id",
    "model_type": "model_type",
    "status": "status",
    "source_run_id": "source_run_id",
    "creation_timestamp": "created_ms",
    "creation_time": "created_ms",
    "last_updated_timestamp": "updated_ms",
    "last_updated_time": "updated_ms",
}
_TIMES = frozenset({"created_ms", "updated_ms"})


def _holds(row: LoggedModel, metrics: Sequence[ModelMetric], clause: Clause) -> bool:
    if clause.kind == "metric":
        return any(m.name == clause.key and not m.is_nan and clause.holds(m.value) for m in metrics)
    if clause.kind == "param":
        return clause.holds(row.params.get(clause.key))
    if clause.kind == "tag":
        return clause.holds(row.tags.get(clause.key))
    return clause.holds(getattr(row, _ATTRIBUTES[clause.key]))


def _check(clauses: Sequence[Clause]) -> None:
    for clause in clauses:
        if clause.kind in {"metric", "param", "tag"}:
            continue
        column = _ATTRIBUTES.get(clause.key)
        if column is None:
            raise ValueRefused(f"Models cannot be searched by {clause.key[:80]}.")
        if clause.operator in {"<", "<=", ">", ">="} and column not in _TIMES:
            raise ValueRefused(
                f"Invalid comparison operator: {clause.operator} does not work with {clause.key}."
            )


def _record(
    db: Session,
    actor: trail.Who,
    verb: str,
    row: LoggedModel,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"logged_models.{verb}",
        object_type="logged_model",
        object_id=row.id,
        object_name=row.name,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
    )
