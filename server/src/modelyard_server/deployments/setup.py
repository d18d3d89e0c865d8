"""Settles how a version is going to be served: picked by the rules, given, or as before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from modelyard_server.flags import service as flags
from modelyard_server.flags.errors import FlagOff
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.registry import service as registry
from modelyard_server.registry.service import RegisteredVersion

from . import choosing
from .choosing import Choice
from .errors import SetupChanged
from .models import Deployment, EngineCorrection, Revision
from .ports import Machine, Outlook
from .schemas import DeployRequest, RevisionCreate, ServingConfig


@dataclass(frozen=True, slots=True)
class Setup:
    """How a version is served, and how that came about."""

    config: ServingConfig
    is_auto: bool
    choice: Choice | None = None
    """What the rules picked, when they were asked."""
    reviewed: ServingConfig | None = None
    """What somebody was shown before."""

    @property
    def differences(self) -> list[dict[str, object]]:
        """What of the picked setup is not as it was shown."""
        if self.choice is None or self.reviewed is None:
            return []
        return choosing.differences(self.reviewed, self.choice.config)


def pick(
    db: Session,
    actor: trail.Who,
    version: RegisteredVersion,
    machine: Machine,
    outlook: Outlook = "new",
) -> Choice:
    """Pick a setup by the rules.

    Raises:
        NoCapacity: nothing that could serve the version fits this machine.
    """
    files = registry.file_names(db, actor, version)
    return choosing.choose(version, machine, outlook, files)


def of_deployment(
    db: Session,
    actor: trail.Who,
    version: RegisteredVersion,
    request: DeployRequest,
    machine: Machine,
) -> Setup:
    """Settle the setup of a new deployment.

    Raises:
        FlagOff: the rules were asked for, but quick deploy is switched off.
        SetupChanged: they pick something else than was shown, and nobody agreed to that.
        ConfigurationRefused, EngineNotInstalled, NoCapacity: it cannot be served like that.
    """
    if request.use_auto_config and not flags.is_on(db, actor, flags.QUICK_DEPLOY):
        raise FlagOff("Quick deploy is switched off here; send `config` instead.")
    if request.config is not None and not request.use_auto_config:
        return _given(version, request.config, request.reviewed, machine)
    return _picked(db, actor, version, request, machine, is_auto=request.use_auto_config)


def of_revision(
    db: Session,
    actor: trail.Who,
    version: RegisteredVersion,
    request: RevisionCreate,
    machine: Machine,
    last: Revision,
) -> Setup:
    """Settle the setup of a next revision; while quick deploy is off, it stays as it was.

    Raises:
        SetupChanged: the rules pick something else than was shown, and nobody agreed to that.
        ConfigurationRefused, EngineNotInstalled, NoCapacity: it cannot be served like that.
    """
    if request.config is not None and not request.use_auto_config:
        return _given(version, request.config, request.reviewed, machine)
    if request.use_auto_config and flags.is_on(db, actor, flags.QUICK_DEPLOY):
        return _picked(db, actor, version, request, machine, is_auto=True)
    return Setup(choosing.checked(version, config_of(last), machine), is_auto=False)


def config_of(row: Revision) -> ServingConfig:
    """Give the configuration of a revision."""
    return ServingConfig(engine=row.engine, cpu=row.cpu, memory_gb=row.memory_gb, gpu=row.gpu)


def note(
    db: Session, actor: trail.Who, deployment: Deployment, revision: Revision, setup: Setup
) -> None:
    """Audit what the rules picked, and remember when somebody knew better."""
    if setup.is_auto and setup.choice is not None:
        picked = setup.choice
        facts: dict[str, Any] = {
            **picked.config.model_dump(),
            "revision": revision.number,
            "format": picked.format.value,
            "confidence": picked.confidence,
            "reasons": [reason.text for reason in picked.reasons],
            "differences": setup.differences,
        }
        trail.record(
            db,
            actor,
            "deployment.auto_config",
            object_type="deployment",
            object_id=deployment.id,
            object_name=f"{deployment.environment}/{deployment.name}",
            before=setup.reviewed.model_dump() if setup.reviewed else None,
            after=facts,
        )
    reviewed = setup.reviewed
    if not setup.is_auto and reviewed is not None and reviewed.engine != setup.config.engine:
        db.add(
            EngineCorrection(
                at=utcnow(),
                deployment_id=deployment.id,
                model_name=revision.model_name,
                version=revision.version,
                picked=reviewed.engine,
                chosen=setup.config.engine,
                user_id=actor.id,
                user_name=actor.name,
            )
        )


def _given(
    version: RegisteredVersion,
    config: ServingConfig,
    reviewed: ServingConfig | None,
    machine: Machine,
) -> Setup:
    return Setup(choosing.checked(version, config, machine), is_auto=False, reviewed=reviewed)


def _picked(
    db: Session,
    actor: trail.Who,
    version: RegisteredVersion,
    request: DeployRequest | RevisionCreate,
    machine: Machine,
    *,
    is_auto: bool,
) -> Setup:
    choice = pick(db, actor, version, machine)
    config = choosing.checked(version, choice.config, machine)
    setup = Setup(config, is_auto, choice, request.reviewed)
    if setup.differences and not request.accept_changes:
        names = ", ".join(str(entry["field"]) for entry in setup.differences)
        raise SetupChanged(
            f"The picked setup has changed since you looked: {names}. Look again and confirm.",
            extra={"differences": setup.differences},
        )
    return setup
