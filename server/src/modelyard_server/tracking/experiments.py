"""Experiments: make, name, tag, delete, restore."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import tenancy, trail
from modelyard_server.kernel.clock import utcnow

from .errors import (
    DefaultExperimentStays,
    ExperimentMissing,
    ExperimentNameTaken,
    NotActive,
    TagMissing,
    ValueRefused,
)
from .models import ACTIVE, DELETED, Experiment, ExperimentNumber, LoggedModel, Run

DEFAULT_ID = 0
_ID = re.compile(r"[+-]?[0-9]+")
_LONGEST_NAME = 500
_LONGEST_TAG_KEY = 250
_LONGEST_TAG_VALUE = 20_000


def ensure_default(db: Session) -> None:
    """Make the Default experiment where it is missing; safe to call again."""
    if db.get(ExperimentNumber, (tenancy.workspace_of(db), 0)) is not None:
        return
    insert = postgres_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    workspace_id, now = tenancy.workspace_of(db), utcnow()
    db.execute(
        insert(Experiment)
        .values(
            workspace_id=workspace_id,
            id=DEFAULT_ID,
            name="Default",
            lifecycle_stage=ACTIVE,
            tags={},
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
    )
    db.execute(
        insert(ExperimentNumber)
        .values(workspace_id=workspace_id, id=0, next_number=1)
        .on_conflict_do_nothing()
    )


def number_of(experiment_id: str) -> int | None:
    """Read an experiment's id; `None`: no experiment has such a one."""
    is_one = experiment_id.isascii() and experiment_id.isdigit() and len(experiment_id) < 18
    return int(experiment_id) if is_one else None


def numbers_of(experiment_ids: Iterable[str]) -> list[int]:
    """Read the ids of experiments, without those that no experiment has.

    Raises:
        ExperimentMissing: one is no number.
    """
    given = list(experiment_ids)
    malformed = next((text for text in given if _ID.fullmatch(text) is None), None)
    if malformed is not None:
        raise _malformed(malformed[:40])
    return [n for n in map(number_of, given) if n is not None]


def get(db: Session, experiment_id: str, *, lock: bool = False) -> Experiment:
    """Give an experiment, deleted or not.

    Raises:
        ExperimentMissing: there is none.
    """
    if _ID.fullmatch(experiment_id) is None:
        raise _malformed(experiment_id[:40])
    row, number = None, number_of(experiment_id)
    if number is not None:
        wanted = select(Experiment).where(Experiment.id == number)
        row = db.scalars(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise ExperimentMissing(f"No Experiment with id={experiment_id[:40]} exists.")
    return row


def _malformed(experiment_id: str) -> ExperimentMissing:
    """There cannot be such an experiment; MLflow says so, with a status of its own."""
    said = f"Invalid experiment ID '{experiment_id}'. Experiment ID must be a valid integer."
    extra = {"mlflow_code": "INVALID_PARAMETER_VALUE", "mlflow_message": said}
    return ExperimentMissing(f"No Experiment with id={experiment_id} exists.", extra=extra)


def active_among(db: Session, ids: Collection[int]) -> set[int]:
    """Give those of these experiments that are not deleted."""
    rows = select(Experiment.id).where(Experiment.id.in_(ids))
    return set(db.scalars(rows.where(Experiment.lifecycle_stage == ACTIVE)))


def get_active(db: Session, experiment_id: str) -> Experiment:
    """Give an experiment that takes changes.

    Raises:
        ExperimentMissing: there is none.
        NotActive: it is deleted.
    """
    if experiment_id == str(DEFAULT_ID):
        ensure_default(db)
    row = get(db, experiment_id)
    if row.lifecycle_stage != ACTIVE:
        raise NotActive(f"Experiment {row.name} is deleted. Restore it first.")
    return row


def by_name(db: Session, name: str) -> Experiment:
    """Give an experiment by its name, deleted or not.

    Raises:
        ExperimentMissing: there is none.
    """
    row = db.scalars(select(Experiment).where(Experiment.name == name)).one_or_none()
    if row is None:
        raise ExperimentMissing(f"There is no experiment named {name[:80]}.")
    return row


def create(
    db: Session,
    actor: trail.Who,
    name: str,
    tags: dict[str, str] | None = None,
    *,
    number: int | None = None,
) -> Experiment:
    """Make an experiment; `number` is the id of one that is imported, and must be free.

    Raises:
        ExperimentNameTaken: another one has the name, perhaps a deleted one.
        ValueRefused: the name or a tag is not acceptable.
    """
    ensure_default(db)
    _refuse_taken(db, _checked_name(name))
    now = utcnow()
    row = Experiment(
        id=_next_number(db) if number is None else number,
        name=name,
        lifecycle_stage=ACTIVE,
        tags=dict(_checked_tag(key, value) for key, value in (tags or {}).items()),
        created_at=now,
        updated_at=now,
    )
    db.add(row)
    db.flush()
    _record(db, actor, "create", row, after={"name": name})
    return row


def rename(db: Session, actor: trail.Who, experiment_id: str, name: str) -> Experiment:
    """Give an experiment another name.

    Raises:
        ExperimentMissing: there is none.
        NotActive: it is deleted.
        ExperimentNameTaken: another one has the name.
    """
    row = get_active(db, experiment_id)
    before = row.name
    if name != before:
        _refuse_taken(db, _checked_name(name))
        row.name, row.updated_at = name, utcnow()
        db.flush()
        _record(db, actor, "rename", row, before={"name": before}, after={"name": name})
    return row


def mark_deleted(db: Session, actor: trail.Who, experiment_id: str) -> None:
    """Hide an experiment and its runs; restoring brings them back.

    Raises:
        ExperimentMissing: there is none, or it is deleted already.
        DefaultExperimentStays: it is the Default experiment.
    """
    row = get(db, experiment_id)
    if row.id == DEFAULT_ID:
        raise DefaultExperimentStays("The Default experiment cannot be deleted.")
    if row.lifecycle_stage == DELETED:
        raise ExperimentMissing(f"Experiment {row.name} is deleted already.")
    _mark(db, row, DELETED)
    _record(db, actor, "delete", row, before={"name": row.name})


def restore(db: Session, actor: trail.Who, experiment_id: str) -> None:
    """Bring a deleted experiment and its runs back.

    Raises:
        ExperimentMissing: there is none, or it is not deleted.
    """
    row = get(db, experiment_id)
    if row.lifecycle_stage != DELETED:
        raise ExperimentMissing(f"Experiment {row.name} is not deleted.")
    _mark(db, row, ACTIVE)
    _record(db, actor, "restore", row, after={"name": row.name})


def set_tag(db: Session, actor: trail.Who, experiment_id: str, key: str, value: str) -> None:
    """Set a tag.

    Raises:
        ExperimentMissing: there is none.
        NotActive: it is deleted.
        ValueRefused: key or value is too long.
    """
    row = get_active(db, experiment_id)
    _checked_tag(key, value)
    before = {key: row.tags[key]} if key in row.tags else None
    row.tags = {**row.tags, key: value}
    row.updated_at = utcnow()
    _record(db, actor, "set_tag", row, before=before, after={key: value})


def delete_tag(db: Session, actor: trail.Who, experiment_id: str, key: str) -> None:
    """Remove a tag.

    Raises:
        ExperimentMissing: there is none.
        TagMissing: it has no such tag.
    """
    row = get_active(db, experiment_id)
    if key not in row.tags:
        raise TagMissing(f"Experiment {row.name} has no tag {key[:80]}.")
    before = {key: row.tags[key]}
    row.tags = {k: v for k, v in row.tags.items() if k != key}
    row.updated_at = utcnow()
    _record(db, actor, "delete_tag", row, before=before)


def delete_permanently(db: Session, actor: trail.Who, experiment_id: str) -> None:
    """Remove an experiment with its runs, models and files; its name is free again.

    Raises:
        ExperimentMissing: there is none.
        DefaultExperimentStays: it is the Default experiment.
    """
    row = get(db, experiment_id)
    if row.id == DEFAULT_ID:
        raise DefaultExperimentStays("The Default experiment cannot be deleted.")
    for uid in db.scalars(select(Run.uid).where(Run.experiment_id == row.id)):
        artifacts.delete_below(db, f"runs/{uid}/")
    for model_id in db.scalars(select(LoggedModel.id).where(LoggedModel.experiment_id == row.id)):
        artifacts.delete_below(db, f"models/{model_id}/")
    artifacts.delete_below(db, f"experiments/{row.id}/")
    _record(db, actor, "delete_permanently", row, before={"name": row.name})
    db.execute(delete(Experiment).where(Experiment.id == row.id))
    db.expunge(row)


def _mark(db: Session, row: Experiment, stage: str) -> None:
    """Runs keep their own mark: one that was deleted by itself stays deleted."""
    row.lifecycle_stage, row.updated_at = stage, utcnow()
    db.flush()


def _next_number(db: Session) -> int:
    taken = db.execute(
        update(ExperimentNumber)
        .where(ExperimentNumber.id == 0)
        .values(next_number=ExperimentNumber.next_number + 1)
        .returning(ExperimentNumber.next_number)
    ).scalar_one()
    return int(taken) - 1


def _refuse_taken(db: Session, name: str) -> None:
    other = db.execute(
        select(Experiment.id, Experiment.lifecycle_stage).where(Experiment.name == name)
    ).one_or_none()
    if other is not None:
        hint = " It is deleted; restore it, or delete it permanently." * (
            other.lifecycle_stage == DELETED
        )
        raise ExperimentNameTaken(
            f"Experiment(name={name}) already exists.{hint}", extra={"experiment_id": str(other.id)}
        )


def _checked_name(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        raise ValueRefused(f"'name' exceeds the maximum length of {_LONGEST_NAME} characters.")
    if not name.strip() or "\0" in name:
        raise ValueRefused("An experiment's name is not empty and holds no NUL.")
    return name


def _checked_tag(key: str, value: str) -> tuple[str, str]:
    if not key or len(key) > _LONGEST_TAG_KEY:
        raise ValueRefused(f"A tag's key has 1 to {_LONGEST_TAG_KEY} characters.")
    if len(value) > _LONGEST_TAG_VALUE:
        raise ValueRefused(
            f"'value' exceeds the maximum length of {_LONGEST_TAG_VALUE} characters."
        )
    return key, value


def _record(
    db: Session,
    actor: trail.Who,
    verb: str,
    row: Experiment,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"experiments.{verb}",
        object_type="experiment",
        object_id=row.id,
        object_name=row.name,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
    )
