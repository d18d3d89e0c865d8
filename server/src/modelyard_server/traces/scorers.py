"""Scorers: kept by name and version for each experiment, never run here."""

from __future__ import annotations

import json
import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.tracking import experiments

from .errors import ScorerMissing, ScorerRefused
from .models import ScorerVersion

_LONGEST_NAME, _LONGEST = 250, 512 * 1024
_WITH_MODEL = (
    "instructions_judge_pydantic_data",
    "builtin_scorer_pydantic_data",
    "third_party_scorer_data",
)
_WITHIN = "memory_augmented_judge_data"
"""Where the client writes the model of a judge, and of a judge that another one asks."""


def register(
    db: Session, actor: trail.Who, experiment_id: str, name: str, serialized: str
) -> ScorerVersion:
    """Keep the next version of a scorer.

    Raises:
        ExperimentMissing: there is no such experiment.
        NotActive: the experiment is deleted.
        ScorerRefused: the name or what is to be kept is not acceptable.
    """
    if not name.strip() or not serialized.strip():
        what = "name" if not name.strip() else "model"
        raise ScorerRefused(f"Scorer {what} cannot be empty.")
    if len(name) > _LONGEST_NAME or "\0" in name + serialized:
        raise ScorerRefused(f"A scorer's name has 1 to {_LONGEST_NAME} characters.")
    _check(serialized)
    experiment = experiments.get_active(db, experiment_id)
    before = _versions(db, experiment.id, name)
    row = ScorerVersion(
        scorer_id=before[-1].scorer_id if before else str(uuid.uuid4()),
        experiment_id=experiment.id,
        name=name,
        version=before[-1].version + 1 if before else 1,
        serialized=serialized,
        created_ms=round(utcnow().timestamp() * 1000),
    )
    db.add(row)
    db.flush()
    _record(db, actor, "register", row.scorer_id, name, row.version)
    return row


def newest(db: Session, experiment_id: str | None = None) -> list[ScorerVersion]:
    """List the newest version of each scorer, of one experiment or of all active ones.

    Raises:
        ExperimentMissing: there is no such experiment.
        NotActive: the experiment is deleted.
    """
    wanted = select(ScorerVersion)
    if experiment_id is not None:
        wanted = wanted.where(
            ScorerVersion.experiment_id == experiments.get_active(db, experiment_id).id
        )
    rows = db.scalars(
        wanted.order_by(ScorerVersion.experiment_id, ScorerVersion.name, ScorerVersion.version)
    )
    newest = list({(row.experiment_id, row.name): row for row in rows}.values())
    if experiment_id is not None:
        return newest
    active = experiments.active_among(db, {row.experiment_id for row in newest})
    return [row for row in newest if row.experiment_id in active]


def versions(db: Session, experiment_id: str, name: str) -> list[ScorerVersion]:
    """List the versions of a scorer, oldest first.

    Raises:
        ExperimentMissing: there is no such experiment.
        NotActive: the experiment is deleted.
        ScorerMissing: there is no such scorer.
    """
    found = _versions(db, experiments.get_active(db, experiment_id).id, name)
    if not found:
        raise ScorerMissing(
            f"Scorer with name '{name[:80]}' not found for experiment {experiment_id}."
        )
    return found


def get(db: Session, experiment_id: str, name: str, version: int | None) -> ScorerVersion:
    """Give a version of a scorer, the newest unless one is named.

    Raises:
        ExperimentMissing: there is no such experiment.
        NotActive: the experiment is deleted.
        ScorerMissing: there is no such scorer or version.
    """
    found = versions(db, experiment_id, name)
    row = found[-1] if version is None else next((r for r in found if r.version == version), None)
    if row is None:
        raise ScorerMissing(
            f"Scorer with name '{name[:80]}' and version {version} not found for experiment "
            f"{experiment_id}."
        )
    return row


def remove(
    db: Session, actor: trail.Who, experiment_id: str, name: str, version: int | None
) -> None:
    """Delete one version of a scorer, or all.

    Raises:
        ExperimentMissing: there is no such experiment.
        NotActive: the experiment is deleted.
        ScorerMissing: there is no such scorer or version.
    """
    rows = versions(db, experiment_id, name)
    gone = rows if version is None else [get(db, experiment_id, name, version)]
    for row in gone:
        db.delete(row)
    db.flush()
    _record(db, actor, "delete", rows[0].scorer_id, name, version)


def _versions(db: Session, experiment_id: int, name: str) -> list[ScorerVersion]:
    rows = select(ScorerVersion).where(
        ScorerVersion.experiment_id == experiment_id, ScorerVersion.name == name
    )
    return list(db.scalars(rows.order_by(ScorerVersion.version)))


def _check(serialized: str) -> None:
    if len(serialized) > _LONGEST:
        raise ScorerRefused(f"A scorer has at most {_LONGEST} characters.")
    try:
        document = json.loads(serialized)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ScorerRefused("serialized_scorer is no JSON object.")
    model = _model(document)
    if model is not None and (not isinstance(model, str) or not model.strip()):
        raise ScorerRefused("Scorer model cannot be empty: it is the name of a language model.")


def _model(document: dict[str, Any]) -> Any:
    """Give the language model that a scorer asks, in whatever kind of scorer; `None` is none."""
    for kind in _WITH_MODEL:
        if isinstance(document.get(kind), dict):
            return document[kind].get("model")
    inner = document.get(_WITHIN)
    inner = inner.get("base_judge") if isinstance(inner, dict) else None
    within = {kind: inner.get(kind) for kind in _WITH_MODEL} if isinstance(inner, dict) else {}
    return _model(within) if within else None


def _record(
    db: Session, actor: trail.Who, verb: str, scorer_id: str, name: str, version: int | None
) -> None:
    trail.record(
        db,
        actor,
        f"scorers.{verb}",
        object_type="scorer",
        object_id=scorer_id,
        object_name=name,
        after={"version": version},
    )
