"""Reads two versions of a model and says what differs."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import trail
from modelyard_server.tracking import service as tracking
from modelyard_server.tracking.errors import RunMissing

from . import differences, versions
from .card_schemas import DifferenceGroupOut, DifferenceOut, VersionDiffOut
from .models import Check, CheckName, Model, ModelVersion, VersionTag

_GROUPS = {
    "signature": "Signature",
    "environment": "Environment",
    "metrics": "Metrics",
    "params": "Parameters",
    "files": "Files",
    "tags": "Tags",
}


def compare(db: Session, actor: trail.Who, model: Model, a: int, b: int) -> VersionDiffOut:
    """Compare two versions of a model.

    Raises:
        VersionMissing: the model lacks one of them.
    """
    sides = [_facts(db, actor, versions.find(db, model, number)) for number in (a, b)]
    groups = []
    for key, title in _GROUPS.items():
        rows = differences.compare(sides[0][key], sides[1][key])
        groups.append(
            DifferenceGroupOut(
                key=key,
                title=title,
                changed=sum(row.changed for row in rows),
                rows=[DifferenceOut.model_validate(row) for row in rows],
            )
        )
    return VersionDiffOut(model_id=model.id, model_name=model.name, a=a, b=b, groups=groups)


def _facts(db: Session, actor: trail.Who, version: ModelVersion) -> dict[str, dict[str, str]]:
    metrics, params = _of_run(db, actor, version)
    tags = db.scalars(select(VersionTag).where(VersionTag.version_id == version.id))
    return {
        "signature": differences.columns(version.signature),
        "environment": _environment(db, version),
        "metrics": metrics,
        "params": params,
        "files": {
            file.path: f"{file.sha256[:12]}, {file.size_bytes:,} bytes"
            for file in artifacts.files_below(db, version.prefix)
        },
        "tags": {tag.key: tag.value for tag in tags},
    }


def _of_run(
    db: Session, actor: trail.Who, version: ModelVersion
) -> tuple[dict[str, str], dict[str, str]]:
    if version.run_id is None:
        return {}, {}
    try:
        run = tracking.run_summary(db, actor, version.run_id)
    except RunMissing:
        return {}, {}
    metrics = {key: "NaN" if v is None else f"{v:.6g}" for key, v in run.metrics.items()}
    return metrics, run.params


def _environment(db: Session, version: ModelVersion) -> dict[str, str]:
    found = differences.packages(version.requirements)
    if version.python_version:
        found["Python"] = version.python_version
    details = db.scalar(
        select(Check.details).where(
            Check.version_id == version.id, Check.name == CheckName.environment
        )
    )
    if details and details.get("lock_hash"):
        found["lock"] = str(details["lock_hash"])[:12]
    return found
