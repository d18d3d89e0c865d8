"""Brings a version to where it can run: its files, its environment, and one sandboxed prediction.

Everything here happens outside sessions; each function opens its own, briefly.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard_protocol import language
from modelyard_protocol.package import Package, read_package
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import System

from . import compiled, obstacles, requirements, sandboxed, service, verdicts
from .environments import Environments, Outlook, PreparedEnvironment, require_python
from .errors import PackageDamaged, VersionNotReady
from .locking import exclusive
from .reading import LANGUAGE_FLAVOR, LANGUAGE_PACKAGE, content_digest, parse_mlmodel
from .requirements import Wanted


@dataclass(frozen=True, slots=True)
class PreparedVersion:
    """A version's files on this machine, read-only and checked."""

    model_dir: Path
    package: Package
    digest: str
    python_version: str | None = None
    requirements: tuple[str, ...] = ()
    reference_prediction: list[Any] | None = None
    """What it must answer for its input example; `None` when nothing is known yet."""
    is_language_model: bool = False
    """It holds a GGUF file, which llama.cpp serves; its Python code is then not run."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of one prediction in the sandbox."""

    ok: bool
    engine: str
    differences: list[dict[str, Any]]
    load_ms: float
    predict_ms: float
    peak_memory_mb: float
    sandbox: str
    error: str | None
    log_tail: list[str]
    predictions: list[Any] | None = None
    expected: list[Any] | None = None
    lane: dict[str, Any] | None = None
    """What came of compiling it; `None` when that was not tried."""
    tokens: int | None = None
    """A language model wrote so many to continue a short text."""
    was_known: bool = False
    """Somebody else has just made the same prediction, or did before."""

    @property
    def says(self) -> str:
        """One sentence for people."""
        if self.was_known:
            return "Reproduced before: same files, environment and engine."
        if self.ok and self.tokens is not None:
            took = f"{self.predict_ms:.0f} ms after loading in {self.load_ms:.0f} ms"
            return f"Wrote {self.tokens} tokens in {took}."
        if self.ok and self.predictions is None:
            return f"Loaded in {self.load_ms:.0f} ms; it has no input example to predict."
        if self.ok:
            return f"Predicted in {self.predict_ms:.1f} ms after loading in {self.load_ms:.0f} ms."
        return self.error or f"{len(self.differences)} values differ from the stored prediction."


def materialise(
    services: Services, workspace_id: int, model_id: uuid.UUID, version: int
) -> PreparedVersion:
    """Put the version's files into `<data>/models/<workspace>/<digest>/`, checked and scanned.

    Raises:
        ModelMissing, VersionMissing: there is no such version.
        VersionNotReady: its registration failed.
        VersionNotDeployable: the scan forbids it, or there is nothing that could load it.
        PackageDamaged: the stored files are not the registered ones.
    """
    found, target = write_out(services, workspace_id, model_id, version)
    assert found.digest is not None  # noqa: S101 - written out by it
    verdict = verdicts.ensure(services, workspace_id, found.digest, target)
    obstacles.refuse_unless_deployable(f"{found.model_name} v{version}", verdict)
    described = target / "MLmodel"
    package = LANGUAGE_PACKAGE
    if described.is_file():
        package = read_package(parse_mlmodel(described.read_bytes()))
    return PreparedVersion(
        model_dir=target,
        package=package,
        digest=found.digest,
        python_version=found.python_version,
        requirements=tuple(found.requirements),
        reference_prediction=found.reference_prediction,
        is_language_model=LANGUAGE_FLAVOR in found.flavors,
    )


def write_out(
    services: Services, workspace_id: int, model_id: uuid.UUID, version: int
) -> tuple[service.RegisteredVersion, Path]:
    """Put the version's files on this machine, read-only; nothing else is looked at.

    Raises:
        ModelMissing, VersionMissing: there is no such version.
        VersionNotReady: its registration failed.
        PackageDamaged: the stored files are not the registered ones.
    """
    database = services.get(Database)
    with database.session(workspace_id, write=False) as db:
        found = service.get_version(db, System(workspace_id), model_id, version)
        if not found.is_ready or found.digest is None:
            reason = found.status_message or "It has no files."
            raise VersionNotReady(f"{found.model_name} v{version} cannot be used. {reason}")
        files = artifacts.files_below(db, f"versions/{found.id}/")
    if content_digest(files) != found.digest:
        raise PackageDamaged(
            f"The files of {found.model_name} v{version} are not the registered ones."
        )
    home = services.get(Settings).data_dir.absolute() / "models" / str(workspace_id)
    target = home / found.digest
    with exclusive(home / f"{found.digest}.lock"):
        if not _is_intact(target, files):
            blobs = services.get(BlobStore)  # type: ignore[type-abstract]
            _write_out(blobs, workspace_id, target, files)
    return found, target


def forget(services: Services, workspace_id: int, digest: str) -> None:
    """Remove materialised files from this machine unless a version still has this content."""
    home = services.get(Settings).data_dir.absolute() / "models" / str(workspace_id)
    with exclusive(home / f"{digest}.lock"):
        with services.get(Database).session(workspace_id, write=False) as db:
            if service.is_registered(db, digest):
                return
        shutil.rmtree(home / digest, ignore_errors=True)


def environment(
    services: Services,
    prepared: PreparedVersion,
    *,
    on_line: Callable[[str], None],
    is_isolated: bool = False,
    engine: str | None = None,
) -> PreparedEnvironment:
    """Give the environment the version runs in, built when there is none yet.

    `engine` is the one that is to serve it; by default the one that is made for it.

    Raises:
        RequirementsUnresolvable: there can be none, with the resolver's reason.
    """
    if not _is_spoken(prepared, engine):
        require_python(prepared.python_version)
    return _environments(services).get(
        wanted_by(prepared, engine), on_line=on_line, is_isolated=is_isolated
    )


def environment_outlook(services: Services, prepared: PreparedVersion) -> Outlook:
    """Tell whether `environment` would reuse the platform's, find one, or build a new one."""
    if not _is_spoken(prepared, None):
        require_python(prepared.python_version)
    return _environments(services).outlook(wanted_by(prepared))


def _is_spoken(prepared: PreparedVersion, engine: str | None) -> bool:
    return prepared.is_language_model if engine is None else engine == language.ENGINE


def wanted_by(prepared: PreparedVersion, engine: str | None = None) -> Wanted:
    """Read what a version and the runtime need.

    Raises:
        RequirementsUnresolvable: the model asks for something that may not be installed.
    """

    def constraints(path: str) -> list[str]:
        file = prepared.model_dir / path
        return file.read_text(errors="replace").splitlines() if file.is_file() else []

    package = sandboxed.runtime_package()
    runtime = (package / "requirements.txt").read_text().splitlines()
    if _is_spoken(prepared, engine):  # none of the package's code runs
        runtime += (package / "language" / "requirements.txt").read_text().splitlines()
        return requirements.read([], runtime, read_constraints=constraints)
    return requirements.read(prepared.requirements, runtime, read_constraints=constraints)


def verify(
    services: Services,
    prepared: PreparedVersion,
    env: PreparedEnvironment,
    *,
    engine: str,
    variables: Mapping[str, str] | None = None,
    may_be_known: bool = False,
) -> Verification:
    """Load the model once in the sandbox, predict its input example, and compile it if it can be.

    One at a time for the same files, environment and engine: with `may_be_known`, who waited for
    another one takes its result if it was good. `variables` are the environment variables of where
    it is to be served.
    Never raises for a fault of the model: that is what `ok`, `error` and `differences` say.
    """
    target = _compiled_folder(services, prepared, env, engine)
    with exclusive(target.with_suffix(".lock")):
        lane = compiled.known(target)
        if lane is not None and may_be_known:
            return _known(engine, lane)
        return _verified(services, prepared, env, engine, variables, target, lane)


def _known(engine: str, lane: dict[str, Any]) -> Verification:
    return Verification(True, engine, [], 0, 0, 0, "", None, [], lane=lane, was_known=True)


def _verified(
    services: Services,
    prepared: PreparedVersion,
    env: PreparedEnvironment,
    engine: str,
    variables: Mapping[str, str] | None,
    target: Path,
    known: dict[str, Any] | None,
) -> Verification:
    """Verify; a graph that is known is not made again."""
    with compiled.workbench(target) as part:
        outcome = sandboxed.run_verify(
            services.get(Settings),
            model_dir=prepared.model_dir,
            python=env.python,
            environment_dir=env.environment_dir,
            engine=engine,
            variables=variables,
            expected=prepared.reference_prediction,
            compile_into=part if known is None else None,
            keeps_bytecode=not env.reused_platform,
        )
        report = outcome.report or {}
        lane = known if report.get("ok") else None
        made = report.get("lane") if report.get("ok") else None
        if known is None and isinstance(made, dict):
            lane = compiled.keep(part, target, made)
    return Verification(
        ok=bool(report.get("ok")),
        engine=str(report.get("engine") or engine),
        differences=list(report.get("differences") or []),
        load_ms=float(report.get("load_ms") or 0),
        predict_ms=float(report.get("predict_ms") or 0),
        peak_memory_mb=float(report.get("peak_memory_mb") or 0),
        sandbox=str(report.get("sandbox") or "unknown"),
        error=outcome.error or report.get("error") or None,
        log_tail=outcome.log_tail,
        predictions=report.get("predictions"),
        expected=report.get("expected"),
        lane=lane,
        tokens=report.get("tokens"),
    )


def importance(
    services: Services,
    prepared: PreparedVersion,
    env: PreparedEnvironment,
    *,
    engine: str,
    question: dict[str, Any],
    variables: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Measure in the sandbox how much the model relies on each input; see `sandboxed`.

    `reason` says why not, when it could not be measured.
    """
    outcome = sandboxed.run_importance(
        services.get(Settings),
        model_dir=prepared.model_dir,
        python=env.python,
        environment_dir=env.environment_dir,
        engine=engine,
        question=question,
        variables=variables,
    )
    report = outcome.report or {}
    found = report.get("importance")
    if isinstance(found, dict):
        return found
    return {"reason": outcome.error or report.get("error") or "The model could not be asked."}


def known_lane(
    services: Services, prepared: PreparedVersion, env: PreparedEnvironment, *, engine: str
) -> dict[str, Any] | None:
    """Give what came of compiling these files before, which needs a reproduced prediction."""
    return compiled.known(_compiled_folder(services, prepared, env, engine))


def _compiled_folder(
    services: Services, prepared: PreparedVersion, env: PreparedEnvironment, engine: str
) -> Path:
    home = services.get(Settings).data_dir.absolute() / "compiled"
    workspace = prepared.model_dir.parent.name
    return compiled.folder(home, workspace, prepared.digest, env.lock_hash, engine)


def _environments(services: Services) -> Environments:
    return Environments(services.get(Settings).data_dir / "environments")


def _is_intact(target: Path, files: Sequence[StoredFile]) -> bool:
    """Hash what is there again: a changed file must not be served."""
    if not target.is_dir():
        return False
    present = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    if present != {file.path for file in files}:
        return False
    return all(_sha256(target / file.path) == file.sha256 for file in files)


def _write_out(
    blobs: BlobStore, workspace_id: int, target: Path, files: Sequence[StoredFile]
) -> None:
    """Write beside the target and rename, so that nobody ever sees half a model."""
    for left_over in target.parent.glob(f"{target.name}.part-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    part = target.parent / f"{target.name}.part-{uuid.uuid4().hex}"
    try:
        for file in files:
            path = part / file.path
            if not path.resolve().is_relative_to(part.resolve()):
                raise PackageDamaged(f"The path {file.path} leaves the model's folder.")
            path.parent.mkdir(parents=True, exist_ok=True)
            blobs.copy_to(workspace_id, file.sha256, path)
            if _sha256(path) != file.sha256:
                raise PackageDamaged(f"{file.path} is damaged in the artifact store.")
            path.chmod(0o444)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
