"""Keeps what scans came to, by content; a suspicious one can be released with a reason."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services

from . import obstacles, scanning
from .errors import NothingToRelease
from .formats import why_not_deployable
from .models import Model, ModelVersion, ScanVerdict
from .scanning import SCANNER, Verdict
from .service import record


def ensure(services: Services, workspace_id: int, digest: str, folder: Path) -> ScanVerdict:
    """Scan content unless this scanner has seen it before; give the verdict.

    A release holds for as long as the verdict does not get worse.
    """
    database = services.get(Database)
    with database.session(workspace_id, write=False) as db:
        known = obstacles.of(db, [digest]).get(digest)
        if known is not None and known.scanner == SCANNER:
            return known
    found = scanning.scan(folder)
    files = [str(path) for path in folder.rglob("*") if path.is_file()]
    with database.session(workspace_id) as db:
        row = db.scalar(select(ScanVerdict).where(ScanVerdict.digest == digest).with_for_update())
        if row is None:
            row = ScanVerdict(digest=digest, verdict=found.verdict, released_at=None)
            db.add(row)
        if row.verdict == Verdict.suspicious and found.verdict == Verdict.blocked:
            row.released_at = row.released_by_name = row.release_reason = None
        row.verdict, row.scanner = found.verdict, SCANNER
        row.reasons = [reason.as_json() for reason in found.reasons]
        row.format, row.format_path = found.format.name, found.format_path
        row.format_evidence = found.format.evidence
        row.why_not_deployable = why_not_deployable(found.format, files)
        row.scanned_at = utcnow()
    return row


def release(
    db: Session, actor: trail.Who, model: Model, version: ModelVersion, reason: str
) -> ScanVerdict:
    """Let a suspicious version be served; the release holds for its content.

    Raises:
        NothingToRelease: it was not scanned, is clean, or is blocked.
    """
    row = obstacles.of(db, [version.digest]).get(version.digest or "")
    if row is None or row.verdict != Verdict.suspicious:
        says = "was not scanned yet" if row is None else f"is {row.verdict}"
        raise NothingToRelease(
            f"{model.name} v{version.number} {says}; only what is suspicious can be released."
        )
    row.released_at, row.released_by_name, row.release_reason = utcnow(), actor.name, reason
    facts = {"digest": row.digest, "reason": reason, "findings": row.reasons}
    record(db, actor, "registry.release_scan", model, version=version.number, after=facts)
    return row


def withdraw(db: Session, actor: trail.Who, model: Model, version: ModelVersion) -> None:
    """Take a release back; what already serves goes on.

    Raises:
        NothingToRelease: nobody has released it.
    """
    row = obstacles.of(db, [version.digest]).get(version.digest or "")
    if row is None or row.released_at is None:
        raise NothingToRelease(f"{model.name} v{version.number} is not released.")
    before = {"digest": row.digest, "reason": row.release_reason}
    row.released_at = row.released_by_name = row.release_reason = None
    record(db, actor, "registry.withdraw_release", model, version=version.number, before=before)
