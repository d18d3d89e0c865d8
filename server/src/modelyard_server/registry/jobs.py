"""Looks at a new version once: its package, its environment, one sandboxed prediction."""

from __future__ import annotations

import json
import uuid
from typing import Any

from sqlalchemy import select, update

from modelyard_protocol import language
from modelyard_protocol.package import Package
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.errors import DomainError
from modelyard_server.kernel.jobs import JobContext, handler
from modelyard_server.workspaces.access import System

from . import obstacles, pickles, preparation, verdicts, webhook_delivery, webhooks
from .errors import PackagesUnreachable, VersionNotDeployable
from .models import Check, CheckName, CheckStatus, Model, ModelVersion, ScanVerdict
from .preparation import PreparedVersion, Verification
from .reading import storable
from .scanning import Verdict
from .service import record

MAX_REFERENCE_BYTES = 1024 * 1024
ENGINES = {"sklearn": "sklearn", "xgboost": "xgboost", "onnx": "onnx"}


def engine_of(package: Package) -> str:
    """Give the runtime's engine for a package; everything else goes through MLflow's pyfunc."""
    return ENGINES.get(package.engine, "python")


@handler("registry.check_version", max_attempts=3)
def check_version(job: JobContext) -> None:
    """Run the three checks in order; a check that cannot run any more is skipped, with a reason."""
    assert job.workspace_id is not None  # noqa: S101 - enqueued with one
    version_id = uuid.UUID(job.payload["version_id"])
    with job.database.session(job.workspace_id, write=False) as db:
        row = db.execute(
            select(ModelVersion.model_id, ModelVersion.number).where(ModelVersion.id == version_id)
        ).one_or_none()
    if row is None:  # deleted meanwhile
        return
    checks = _Checks(job, version_id)
    checks.begin(CheckName.package)
    try:
        _report_scan(checks, *_scanned(job, row.model_id, row.number))
        prepared = preparation.materialise(job.services, job.workspace_id, row.model_id, row.number)
    except VersionNotDeployable as error:
        checks.skip(error.detail, CheckName.environment, CheckName.prediction)
        return
    except DomainError as error:
        checks.end(CheckName.package, CheckStatus.failed, error.detail)
        checks.skip("The package cannot be used.", CheckName.environment, CheckName.prediction)
        return
    job.check()
    checks.begin(CheckName.environment)
    lines: list[str] = []
    try:
        env = preparation.environment(job.services, prepared, on_line=lines.append)
    except PackagesUnreachable as error:
        if not job.is_last_attempt:
            raise
        checks.end(CheckName.environment, CheckStatus.failed, error.detail, {"log": lines[-40:]})
        checks.skip("The model has no environment to run in.", CheckName.prediction)
        return
    except DomainError as error:
        checks.end(CheckName.environment, CheckStatus.failed, error.detail, {"log": lines[-40:]})
        checks.skip("The model has no environment to run in.", CheckName.prediction)
        return
    facts = {
        "reused_platform": env.reused_platform,
        "lock_hash": env.lock_hash,
        "seconds": round(env.seconds, 2),
    }
    checks.end(CheckName.environment, CheckStatus.passed, env.note, facts)
    job.check()
    checks.begin(CheckName.prediction)
    engine = language.ENGINE if prepared.is_language_model else engine_of(prepared.package)
    seen = preparation.verify(job.services, prepared, env, engine=engine)
    _report_prediction(checks, prepared, seen)


@handler("registry.forget_files")
def forget_files(job: JobContext) -> None:
    """Remove the materialised files of deleted versions."""
    assert job.workspace_id is not None  # noqa: S101 - enqueued with one
    for digest in job.payload["digests"]:
        preparation.forget(job.services, job.workspace_id, digest)


@handler(webhooks.DELIVER, max_attempts=7)
def deliver_webhook(job: JobContext) -> None:
    """Deliver one event to one webhook; tried again for about four minutes."""
    webhook_delivery.run(job)


def _scanned(
    job: JobContext, model_id: uuid.UUID, number: int
) -> tuple[ScanVerdict, list[pickles.Pickle]]:
    assert job.workspace_id is not None  # noqa: S101 - checked by the caller
    found, folder = preparation.write_out(job.services, job.workspace_id, model_id, number)
    assert found.digest is not None  # noqa: S101 - written out by it
    verdict = verdicts.ensure(job.services, job.workspace_id, found.digest, folder)
    return verdict, pickles.inspect_folder(folder)


def _report_scan(checks: _Checks, verdict: ScanVerdict, found: list[pickles.Pickle]) -> None:
    is_bad = verdict.verdict != Verdict.clean
    summary = f"Complete; digest {verdict.digest[:12]}. Scan: {verdict.verdict}."
    if is_bad:
        summary += f" {obstacles.obstacle(verdict) or 'An admin released it.'}"
    elif found:
        summary += " Contains pickles, which are code: they are loaded in the sandbox only."
    if verdict.why_not_deployable and not is_bad:
        summary += f" {verdict.why_not_deployable}"
    details = {
        "digest": verdict.digest,
        "format": verdict.format,
        "is_pickle_free": not found,
        "dangerous": sorted({name for pickle in found for name in pickle.dangerous}),
        "unknown": sorted({name for pickle in found for name in pickle.unknown}),
        "reasons": verdict.reasons,
        "pickles": [pickle.as_json() for pickle in found],
    }
    status = CheckStatus.failed if is_bad else CheckStatus.passed
    checks.end(CheckName.package, status, summary, details)


def _report_prediction(checks: _Checks, prepared: PreparedVersion, seen: Verification) -> None:
    details = {
        "engine": seen.engine,
        "sandbox": seen.sandbox,
        "load_ms": seen.load_ms,
        "predict_ms": seen.predict_ms,
        "peak_memory_mb": seen.peak_memory_mb,
        "differences": seen.differences,
        "error": seen.error,
        "log_tail": seen.log_tail,
    }
    if not seen.ok:
        checks.end(CheckName.prediction, CheckStatus.failed, seen.says, details)
        return
    if seen.tokens is not None:
        summary = seen.says
    elif seen.predictions is None:
        summary = f"Loaded in {seen.load_ms:.0f} ms. The package has no input example to predict."
    elif prepared.reference_prediction is not None:
        summary = f"Reproduced the stored prediction. {seen.says}"
    else:
        summary = seen.says
        if checks.keep_reference(seen.predictions):
            summary += " Later deployments must reproduce this prediction."
    checks.end(CheckName.prediction, CheckStatus.passed, summary, details)


class _Checks:
    """Writes how far the checks of one version are, each in a transaction of its own."""

    def __init__(self, job: JobContext, version_id: uuid.UUID) -> None:
        assert job.workspace_id is not None  # noqa: S101 - checked by the caller
        self._job, self._version_id, self._workspace_id = job, version_id, job.workspace_id

    def begin(self, name: CheckName) -> None:
        self._write(name, status=CheckStatus.running, summary="Running.", finished_at=None)

    def end(
        self,
        name: CheckName,
        status: CheckStatus,
        summary: str,
        details: dict[str, Any] | None = None,
    ) -> None:
        self._job.check()
        self._write(name, status=status, summary=summary, details=details, finished_at=utcnow())

    def skip(self, why: str, *names: CheckName) -> None:
        for name in names:
            self.end(name, CheckStatus.skipped, why)

    def keep_reference(self, prediction: list[Any]) -> bool:
        """Store the first prediction, once, unless it is too large or not comparable (NaN)."""
        if storable(prediction) is None or len(json.dumps(prediction)) > MAX_REFERENCE_BYTES:
            return False
        with self._job.database.session(self._workspace_id) as db:
            version = db.scalar(select(ModelVersion).where(ModelVersion.id == self._version_id))
            if version is None or version.reference_source is not None:
                return False
            version.reference_prediction = prediction
            version.reference_source = "first_check"
            model = db.scalars(select(Model).where(Model.id == version.model_id)).one()
            who: trail.Who = System(self._workspace_id)
            facts = {"reference_source": "first_check", "digest": version.digest}
            record(db, who, "registry.keep_prediction", model, version=version.number, after=facts)
        return True

    def _write(self, name: CheckName, **values: Any) -> None:
        if values.get("details") is not None and storable(values["details"]) is None:
            values["details"] = {"unstorable": repr(values["details"])[:4000].replace("\\0", "")}
        with self._job.database.session(self._workspace_id) as db:
            db.execute(
                update(Check)
                .where(Check.version_id == self._version_id, Check.name == name)
                .values(**values)
            )
