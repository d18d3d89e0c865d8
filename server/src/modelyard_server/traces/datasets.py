"""Evaluation datasets: make, fill, find, tag, use in experiments, delete."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.tracking import experiments, filters

from . import fields
from .errors import DatasetMissing, DatasetRefused
from .models import DatasetExperiment, EvaluationDataset, EvaluationRecord

_PARTS = ("inputs", "outputs", "expectations", "tags", "source")
_MERGED = frozenset({"expectations", "tags"})
USER_TAG = "mlflow.user"
_MOST_RECORDS, _MOST_TAGS = 2000, 200
_LONGEST_USER = 320
_LONGEST_NAME, _LONGEST_KEY, _LONGEST_VALUE = 255, 250, 5000
_ORDERED = {
    "name": "name",
    "dataset_id": "id",
    "created_time": "created_ms",
    "last_update_time": "updated_ms",
    "created_by": "tags",
    "last_updated_by": "updated_by_name",
}


def create(
    db: Session,
    actor: trail.Who,
    name: str,
    tags: Mapping[str, str],
    experiment_ids: Sequence[str],
) -> EvaluationDataset:
    """Make an empty dataset.

    Raises:
        DatasetRefused: name or tags are not acceptable.
        ExperimentMissing: there is no such experiment.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or "\0" in name:
        raise DatasetRefused(f"A dataset's name has 1 to {_LONGEST_NAME} characters.")
    now = _now()
    row = EvaluationDataset(
        id=f"d-{uuid.uuid4().hex}",
        name=name,
        tags=_checked(tags),
        digest=_digest([]),
        created_ms=now,
        updated_ms=now,
        created_by_name=actor.name,
        updated_by_name=actor.name,
    )
    db.add(row)
    db.flush()
    _use(db, row, experiment_ids)
    _record(db, actor, "create", row)
    return row


def get(db: Session, dataset_id: str, *, lock: bool = False) -> EvaluationDataset:
    """Give a dataset.

    Raises:
        DatasetMissing: there is none.
    """
    wanted = select(EvaluationDataset).where(EvaluationDataset.id == dataset_id)
    row = db.scalar(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise DatasetMissing(f"Evaluation dataset with id '{dataset_id[:80]}' not found")
    return row


def remove(db: Session, actor: trail.Who, dataset_id: str) -> None:
    """Delete a dataset with its records; one that is gone is no fault."""
    wanted = select(EvaluationDataset).where(EvaluationDataset.id == dataset_id)
    row = db.scalar(wanted.with_for_update())
    if row is None:
        return
    _record(db, actor, "delete", row)
    db.execute(delete(EvaluationDataset).where(EvaluationDataset.id == row.id))
    db.expunge(row)


def find(
    db: Session, experiment_ids: Collection[int], text: str, order_by: Sequence[str]
) -> list[EvaluationDataset]:
    """List datasets, those made last first; with experiments, only what is used in one of them.

    Raises:
        FilterRefused: filter or order are not of the grammar.
        DatasetRefused: they name what datasets have not got.
    """
    clauses, orders = filters.read(text), filters.read_order(list(order_by))
    rows = select(EvaluationDataset)
    if experiment_ids:
        used = select(DatasetExperiment.dataset_id).where(
            DatasetExperiment.experiment_id.in_(experiment_ids)
        )
        rows = rows.where(EvaluationDataset.id.in_(used))
    rows = rows.order_by(EvaluationDataset.created_ms.desc(), EvaluationDataset.id)
    found = [
        row
        for row in db.scalars(rows)
        if all(clause.holds(_value(row, clause.kind, clause.key)) for clause in clauses)
    ]
    for order in reversed(orders):
        found.sort(
            key=lambda row, o=order: _value(row, o.kind, o.key) or "",  # type: ignore[misc]
            reverse=not order.is_ascending,
        )
    return found


def upsert(
    db: Session, actor: trail.Who, dataset_id: str, records: Sequence[Any]
) -> tuple[int, int]:
    """Add records, or complete those with the same inputs; give how many of each.

    Raises:
        DatasetMissing: there is no such dataset.
        DatasetRefused: a record has no inputs, or there are too many.
    """
    row = get(db, dataset_id, lock=True)
    if len(records) > _MOST_RECORDS:
        raise DatasetRefused(f"At most {_MOST_RECORDS} records can be sent at once.")
    given: dict[str, dict[str, Any]] = {}
    for record in records:  # one that comes twice in a batch changes itself
        key, content = _key(record), _content(record)
        given[key] = _merged(given[key], content) if key in given else content
    rows = select(EvaluationRecord).where(
        EvaluationRecord.dataset_id == row.id, EvaluationRecord.inputs_sha256.in_(given)
    )
    known = {record.inputs_sha256: record for record in db.scalars(rows)}
    now = _now()
    for key, content in given.items():
        if key in known:
            known[key].content = _merged(known[key].content, content)
            known[key].updated_ms, known[key].updated_by_name = now, actor.name
            continue
        db.add(
            EvaluationRecord(
                id=f"dr-{uuid.uuid4().hex}",
                dataset_id=row.id,
                inputs_sha256=key,
                content=content,
                created_ms=now,
                updated_ms=now,
                created_by_name=actor.name,
                updated_by_name=actor.name,
            )
        )
    if given:
        row.fields = fields.learnt(_fields(db, row), given.values())
    _changed(db, actor, row, "upsert_records", {"records": len(given)})
    row.updated_by_name = _named(records) or actor.name
    inserted = len(given) - len(known)
    return inserted, len(records) - inserted


def _named(records: Sequence[Any]) -> str | None:
    """Whom the client names as the one who sent records, the last of them."""
    named = [(record.get("tags") or {}).get(USER_TAG) for record in records]
    fit = [n for n in named if isinstance(n, str) and 0 < len(n) <= _LONGEST_USER and "\0" not in n]
    return fit[-1] if fit else None


def _fields(db: Session, row: EvaluationDataset) -> fields.Fields | None:
    """Give what is known of the records, from all of them where it was not kept yet."""
    if row.fields is not None:
        return row.fields
    mine = select(EvaluationRecord.content).where(EvaluationRecord.dataset_id == row.id)
    return fields.learnt(None, db.scalars(mine.order_by(EvaluationRecord.created_ms)))


def _content(record: Mapping[str, Any]) -> dict[str, Any]:
    return {part: record[part] for part in _PARTS if record.get(part) is not None}


def records(db: Session, dataset_id: str, *, offset: int, limit: int) -> list[EvaluationRecord]:
    """List records, oldest first; gives one more than `limit` when there are more.

    Raises:
        DatasetMissing: there is no such dataset.
    """
    row = get(db, dataset_id)
    found = (
        select(EvaluationRecord)
        .where(EvaluationRecord.dataset_id == row.id)
        .order_by(EvaluationRecord.created_ms, EvaluationRecord.id)
    )
    return list(db.scalars(found.offset(offset).limit(limit + 1)))


def remove_records(
    db: Session, actor: trail.Who, dataset_id: str, record_ids: Collection[str]
) -> int:
    """Delete records by their ids; give how many there were.

    Raises:
        DatasetMissing: there is no such dataset.
    """
    row = get(db, dataset_id, lock=True)
    mine = (EvaluationRecord.dataset_id == row.id, EvaluationRecord.id.in_(record_ids))
    gone = list(db.scalars(select(EvaluationRecord.id).where(*mine)))
    db.execute(delete(EvaluationRecord).where(*mine))
    _changed(db, actor, row, "delete_records", {"records": len(gone)})
    return len(gone)


def set_tags(
    db: Session, actor: trail.Who, dataset_id: str, tags: Mapping[str, str | None]
) -> EvaluationDataset:
    """Set tags; one without a value stays as it is.

    Raises:
        DatasetMissing: there is no such dataset.
        DatasetRefused: a tag is not acceptable.
    """
    row = get(db, dataset_id, lock=True)
    given = {key: value for key, value in tags.items() if value is not None}
    row.tags = _checked({**row.tags, **given})
    _record(db, actor, "set_tags", row, after=dict(tags))
    return row


def delete_tag(db: Session, actor: trail.Who, dataset_id: str, key: str) -> None:
    """Remove a tag; one that is not there is no fault.

    Raises:
        DatasetMissing: there is no such dataset.
    """
    row = get(db, dataset_id, lock=True)
    row.tags = {name: value for name, value in row.tags.items() if name != key}
    _record(db, actor, "delete_tag", row, after={"key": key})


def experiments_of(db: Session, dataset_id: str) -> list[str]:
    """Give the ids of the experiments that a dataset is used in."""
    rows = (
        select(DatasetExperiment.experiment_id)
        .where(DatasetExperiment.dataset_id == dataset_id)
        .order_by(DatasetExperiment.experiment_id)
    )
    return [str(number) for number in db.scalars(rows)]


def use_in(
    db: Session, actor: trail.Who, dataset_id: str, experiment_ids: Sequence[str]
) -> EvaluationDataset:
    """Say that a dataset is used in experiments; twice is no fault.

    Raises:
        DatasetMissing: there is no such dataset.
        ExperimentMissing: there is no such experiment.
    """
    row = get(db, dataset_id, lock=True)
    _use(db, row, experiment_ids)
    _changed(db, actor, row, "add_experiments", {"experiments": list(experiment_ids)})
    return row


def _use(db: Session, row: EvaluationDataset, experiment_ids: Sequence[str]) -> None:
    used = set(experiments_of(db, row.id))
    for experiment_id in dict.fromkeys(experiment_ids):
        number = experiments.get_active(db, experiment_id).id
        if str(number) not in used:
            db.add(DatasetExperiment(id=uuid.uuid4(), dataset_id=row.id, experiment_id=number))
    db.flush()


def stop_using(
    db: Session, actor: trail.Who, dataset_id: str, experiment_ids: Sequence[str]
) -> EvaluationDataset:
    """Say that a dataset is not used in experiments any more.

    Raises:
        DatasetMissing: there is no such dataset.
    """
    row = get(db, dataset_id, lock=True)
    numbers = experiments.numbers_of(experiment_ids)
    db.execute(
        delete(DatasetExperiment).where(
            DatasetExperiment.dataset_id == row.id, DatasetExperiment.experiment_id.in_(numbers)
        )
    )
    _changed(db, actor, row, "remove_experiments", {"experiments": list(experiment_ids)})
    return row


def said_to_be_of(row: EvaluationDataset) -> str | None:
    """Whom the client names as its maker; the audit trail says whose token it was."""
    return row.tags.get(USER_TAG)


def count(db: Session, dataset_id: str) -> int:
    """Count the records of a dataset."""
    mine = EvaluationRecord.dataset_id == dataset_id
    return db.scalar(select(func.count(EvaluationRecord.id)).where(mine)) or 0


def _key(record: Any) -> str:
    inputs = record.get("inputs") if isinstance(record, dict) else None
    if not isinstance(inputs, dict):
        raise DatasetRefused("Each record has an object of inputs.")
    for part in ("expectations", "tags"):
        if not isinstance(record.get(part) or {}, dict):
            raise DatasetRefused(f"The {part} of a record are an object.")
    plain = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _merged(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Expectations and tags are completed, outputs replaced; the first source stays."""
    made = dict(before)
    for part, value in after.items():
        if part in _MERGED:
            made[part] = {**(before.get(part) or {}), **value}
        elif part != "source" or "source" not in before:
            made[part] = value
    return made


def _changed(
    db: Session, actor: trail.Who, row: EvaluationDataset, verb: str, after: dict[str, Any]
) -> None:
    db.flush()
    mine = EvaluationRecord.dataset_id == row.id
    keys = db.scalars(select(EvaluationRecord.inputs_sha256).where(mine))
    row.digest = _digest(sorted(keys))
    row.updated_ms, row.updated_by_name = max(_now(), row.created_ms), actor.name
    _record(db, actor, verb, row, after=after)


def _digest(keys: Sequence[str]) -> str:
    return hashlib.sha256("".join(keys).encode()).hexdigest()[:8]


def _checked(tags: Mapping[str, str]) -> dict[str, str]:
    if len(tags) > _MOST_TAGS:
        raise DatasetRefused(f"A dataset has at most {_MOST_TAGS} tags.")
    for key, value in tags.items():
        if not isinstance(value, str) or not 1 <= len(key) <= _LONGEST_KEY:
            raise DatasetRefused("Tags map text to text.")
        if len(value) > _LONGEST_VALUE or "\0" in key + value:
            raise DatasetRefused(f"A tag's value has at most {_LONGEST_VALUE} characters.")
    return dict(tags)


def _value(row: EvaluationDataset, kind: str, key: str) -> str | float | None:
    if kind == "tag":
        return row.tags.get(key)
    if kind != "attribute" or key not in _ORDERED:
        raise DatasetRefused(f"Invalid attribute key '{key[:80]}': datasets have no such thing.")
    if key == "created_by":
        return said_to_be_of(row)
    value: str | float | None = getattr(row, _ORDERED[key])
    return value


def _now() -> int:
    return int(utcnow().timestamp() * 1000)


def _record(
    db: Session,
    actor: trail.Who,
    verb: str,
    row: EvaluationDataset,
    *,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"evaluation_datasets.{verb}",
        object_type="evaluation_dataset",
        object_id=row.id,
        object_name=row.name,
        after=after,
    )
