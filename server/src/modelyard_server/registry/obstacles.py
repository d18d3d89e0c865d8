"""Says why a version must not be served, from what its scan came to."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from .errors import VersionNotDeployable
from .models import ScanVerdict
from .scanning import Verdict


def of(db: Session, digests: Collection[str | None]) -> dict[str, ScanVerdict]:
    """Give the verdicts of many contents in one query; what was never scanned is absent."""
    wanted = {digest for digest in digests if digest is not None}
    if not wanted:
        return {}
    rows = db.scalars(select(ScanVerdict).where(ScanVerdict.digest.in_(wanted)))
    return {row.digest: row for row in rows}


def obstacle(verdict: ScanVerdict | None) -> str | None:
    """Say why content must not be served, in one sentence; `None` when it may."""
    if verdict is None:
        return None
    if verdict.why_not_deployable:
        return verdict.why_not_deployable
    if verdict.verdict == Verdict.blocked:
        return f"The scan blocks it: {_worst(verdict)}"
    if verdict.verdict == Verdict.suspicious and verdict.released_at is None:
        return f"The scan finds it suspicious, and no admin has released it: {_worst(verdict)}"
    return None


def refuse_unless_deployable(name: str, verdict: ScanVerdict | None) -> None:
    """Refuse content that must not run.

    Raises:
        VersionNotDeployable: the scan blocks it, finds it suspicious, or nothing can load it.
    """
    why = obstacle(verdict)
    if why is not None:
        raise VersionNotDeployable(f"{name} cannot be served. {why}")


def _worst(verdict: ScanVerdict) -> str:
    order = {"blocked": 0, "suspicious": 1}
    reasons = sorted(verdict.reasons, key=lambda reason: order.get(reason["level"], 2))
    return f"{reasons[0]['path']}: {reasons[0]['says']}" if reasons else "no reason is stored."
