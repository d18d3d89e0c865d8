"""HTTP of deployments."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from modelyard_server.flags import service as flags
from modelyard_server.kernel.db import Db, only_reads
from modelyard_server.kernel.http import Cursors, Page, cursors
from modelyard_server.kernel.late import LateAnswer
from modelyard_server.kernel.services import every, provided
from modelyard_server.registry import service as registry
from modelyard_server.settings import Settings
from modelyard_server.throttling.classes import RouteClass, Subject
from modelyard_server.throttling.middleware import tell
from modelyard_server.throttling.service import limit_of, own_limits
from modelyard_server.throttling.windows import Windows
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import (
    adoption,
    changes,
    choosing,
    environment_routes,
    environments,
    going_back,
    history,
    levels,
    reported,
    safeguards,
    scaling,
    service,
    views,
)
from .models import Deployment
from .ports import (
    Capacity,
    ComputeDriver,
    CreationObserver,
    DeploymentObserver,
    Outlook,
    Preparation,
    Publisher,
)
from .safeguard_schemas import SafeguardsOut, SafeguardsPut
from .scaling_schemas import ScalingOut, ScalingSet
from .schemas import (
    AutoConfigOut,
    AutoConfigRequest,
    DeploymentOut,
    DeployRequest,
    LogsOut,
    PeriodOut,
    QuickDeployReport,
    ReportedCreate,
    RevisionCreate,
    RevisionOut,
    RollbackRequest,
    ServiceLevel,
    TrafficSet,
)

router = APIRouter(prefix="/api/v1", tags=["deployments"])
routers = [router, environment_routes.router]

Reader = Annotated[Actor, allowed(Permission.deployments_read)]
Deployer = Annotated[Actor, allowed(Permission.deployments_create)]
Publishing = Annotated[Publisher, provided(Publisher)]
Here = Annotated[Capacity, provided(Capacity)]


def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Configured = Annotated[Settings, Depends(settings_of)]


def _shown(db: Db, row: Deployment, settings: Settings, actor: Actor) -> DeploymentOut:
    return views.deployments_out(db, [row], settings.inference_url, actor.workspace_slug)[0]


def _counted(
    request: Request,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.models_read)],
    windows: Annotated[Windows, provided(Windows)],
) -> Actor:
    """Give who asks, once the call was counted; bad requests count like good ones.

    Raises:
        FlagOff: there is no quick deploy here.
        TooManyRequests: it is one too many of this person in a minute.
    """
    flags.require(db, actor, flags.QUICK_DEPLOY)
    kind = RouteClass.auto_config
    limit = limit_of(own_limits(db), kind, Subject.user, str(actor.id))
    if limit is not None:
        tell(request, windows.hit(kind, str(actor.id), limit.per_minute))
    return actor


@router.post(
    "/serving/auto-config", response_model=AutoConfigOut, dependencies=[Depends(only_reads)]
)
def auto_config(
    body: AutoConfigRequest,
    db: Db,
    actor: Annotated[Actor, Depends(_counted)],
    preparation: Annotated[Preparation, provided(Preparation)],
    here: Here,
) -> LateAnswer:
    """Pick how to serve a version, with reasons. Ten times a minute for each person."""
    version = registry.get_version(db, actor, body.model_id, body.version)
    name = environments.free_name(db, "staging", version.model_name)
    files = registry.file_names(db, actor, version)
    machine = here.machine()
    choosing.choose(version, machine, "new", files)  # refusals before the answer begins

    def answer() -> AutoConfigOut:
        outlook: Outlook = "new"
        if version.is_ready:
            outlook = preparation.outlook(actor.workspace_id, version.model_id, version.version)
        choice = choosing.choose(version, machine, outlook, files)
        cached = outlook != "new"
        return AutoConfigOut(
            **choice.config.model_dump(),
            confidence=choice.confidence,
            reasons=choice.reasons,
            alternatives=choice.alternatives,
            warnings=choice.warnings,
            format=choice.format.value,
            is_runnable=choice.is_runnable,
            cpu_instead=choice.cpu_instead,
            suggested_name=name,
            environment_cached=cached,
            expected_seconds=choosing.CACHED_SECONDS if cached else choosing.BUILD_SECONDS,
        )

    return LateAnswer(answer)


@router.get("/serving/auto-config/report")
def get_quick_deploy_report(
    db: Db,
    actor: Annotated[Actor, allowed(Permission.flags_manage)],  # noqa: ARG001
) -> QuickDeployReport:
    """Tell how much quick deploy is used, how often it fails, and what people correct."""
    return adoption.report(db)


@router.get("/serving/levels")
def get_service_levels(
    db: Db,
    actor: Reader,  # noqa: ARG001
    days: Annotated[int, Query(ge=1, le=365)] = 30,
) -> ServiceLevel:
    """Tell how long each phase of a rollout takes, and whose fault failures were."""
    return levels.report(db, days)


@router.post("/serving/deploy", status_code=202)
def deploy(
    body: DeployRequest,
    db: Db,
    actor: Deployer,
    settings: Configured,
    here: Here,
    observers: Annotated[list[CreationObserver], every(CreationObserver)],
) -> DeploymentOut:
    """Give a version an address. 409 `deployments.name_taken` carries `suggested_name`."""
    return _shown(db, changes.deploy(db, actor, body, here.machine(), observers), settings, actor)


@router.post("/deployments/reported", status_code=201)
def create_reported(
    body: ReportedCreate,
    db: Db,
    actor: Deployer,
    settings: Configured,
    observers: Annotated[list[CreationObserver], every(CreationObserver)],
) -> DeploymentOut:
    """Watch a model that is served elsewhere: its rows are reported, nothing runs here."""
    return _shown(db, reported.create(db, actor, body, observers), settings, actor)


@router.get("/deployments")
def list_deployments(
    db: Db,
    actor: Reader,
    settings: Configured,
    codec: Annotated[Cursors, Depends(cursors)],
    model_id: uuid.UUID | None = None,
    environment: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[DeploymentOut]:
    """List deployments, newest first."""
    scope = f"deployments:{actor.workspace_id}:{model_id}:{environment}"
    after = None
    if cursor is not None:
        at, last = codec.open(scope, cursor)
        after = (dt.datetime.fromisoformat(at), uuid.UUID(last))
    rows = views.newest(db, model_id=model_id, environment=environment, after=after, limit=limit)
    more, rows = len(rows) > limit, rows[:limit]
    end = codec.seal(scope, [rows[-1].created_at.isoformat(), rows[-1].id]) if more else None
    items = views.deployments_out(db, rows, settings.inference_url, actor.workspace_slug)
    return Page(items=items, next_cursor=end, total=None)


@router.get("/deployments/{deployment_id}")
def get_deployment(
    deployment_id: uuid.UUID, db: Db, actor: Reader, settings: Configured
) -> DeploymentOut:
    """Show one deployment."""
    return _shown(db, service.get(db, actor, deployment_id), settings, actor)


@router.post("/deployments/{deployment_id}/revisions", status_code=202)
def deploy_version(
    deployment_id: uuid.UUID, body: RevisionCreate, db: Db, actor: Deployer, here: Here
) -> RevisionOut:
    """Roll another version out; the live one serves until the new one is ready."""
    row = changes.deploy_version(db, actor, deployment_id, body, here.machine())
    return views.revision_out(row)


@router.get("/deployments/{deployment_id}/revisions")
def list_revisions(deployment_id: uuid.UUID, db: Db, actor: Reader) -> list[RevisionOut]:
    """List a deployment's revisions, newest first."""
    service.get(db, actor, deployment_id)
    return [views.revision_out(row) for row in reversed(service.revisions(db, deployment_id))]


@router.post("/deployments/{deployment_id}/rollback", status_code=202)
def roll_back(
    deployment_id: uuid.UUID,
    body: RollbackRequest,
    db: Db,
    actor: Deployer,
    publisher: Publishing,
) -> RevisionOut:
    """Return to the previous good revision, or to a named one; at once while its server runs."""
    row = going_back.roll_back(db, actor, deployment_id, body)
    publisher.soon(db)
    return views.revision_out(row)


@router.put("/deployments/{deployment_id}/traffic")
def set_traffic(
    deployment_id: uuid.UUID,
    body: TrafficSet,
    db: Db,
    actor: Deployer,
    settings: Configured,
    publisher: Publishing,
) -> DeploymentOut:
    """Share traffic between the live revision and the one being rolled out; sums to 100."""
    row = going_back.set_traffic(db, actor, deployment_id, body)
    publisher.soon(db)
    return _shown(db, row, settings, actor)


@router.get("/deployments/{deployment_id}/history")
def list_history(
    deployment_id: uuid.UUID, db: Db, actor: Reader, at: AwareDatetime | None = None
) -> list[PeriodOut]:
    """Tell what answered when, newest first; what answered at one instant with `at`."""
    return history.periods(db, service.get(db, actor, deployment_id), at)


@router.get("/deployments/{deployment_id}/history.csv")
def export_history(deployment_id: uuid.UUID, db: Db, actor: Reader) -> Response:
    """Give what answered when as CSV."""
    deployment = service.get(db, actor, deployment_id)
    name = f"{deployment.environment}-{deployment.name}-history.csv"
    return Response(
        history.as_csv(history.periods(db, deployment)),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/deployments/{deployment_id}/scaling")
def get_scaling(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Reader,
    compute: Annotated[ComputeDriver, provided(ComputeDriver)],
) -> ScalingOut:
    """Tell how many processes serve it, how many may, and when it sleeps."""
    return scaling.shown(db, service.get(db, actor, deployment_id), compute.observed())


@router.put("/deployments/{deployment_id}/scaling")
def set_scaling(
    deployment_id: uuid.UUID,
    body: ScalingSet,
    db: Db,
    actor: Deployer,
    here: Here,
    publisher: Publishing,
    compute: Annotated[ComputeDriver, provided(ComputeDriver)],
) -> ScalingOut:
    """Set how many processes serve it and when it sleeps; what runs follows within a second."""
    row = scaling.set_scaling(db, actor, deployment_id, body, here.machine())
    publisher.soon(db)
    return scaling.shown(db, row, compute.observed())


@router.delete("/deployments/{deployment_id}/scaling")
def reset_scaling(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Deployer,
    publisher: Publishing,
    compute: Annotated[ComputeDriver, provided(ComputeDriver)],
) -> ScalingOut:
    """Forget what was set: the environment's default holds again."""
    row = scaling.reset(db, actor, deployment_id)
    publisher.soon(db)
    return scaling.shown(db, row, compute.observed())


@router.get("/deployments/{deployment_id}/safeguards")
def get_safeguards(deployment_id: uuid.UUID, db: Db, actor: Reader) -> SafeguardsOut:
    """Tell what is held against every answer."""
    return safeguards.shown(db, service.get(db, actor, deployment_id))


@router.put("/deployments/{deployment_id}/safeguards")
def put_safeguards(
    deployment_id: uuid.UUID,
    body: SafeguardsPut,
    db: Db,
    actor: Deployer,
    publisher: Publishing,
) -> SafeguardsOut:
    """Hold these against every answer from now on; the gateway follows within a second."""
    row = safeguards.change(db, actor, deployment_id, body)
    publisher.soon(db)
    return safeguards.shown(db, row)


@router.post("/deployments/{deployment_id}/stop", status_code=202)
def stop(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Deployer,
    settings: Configured,
    publisher: Publishing,
) -> DeploymentOut:
    """Take a deployment out of service; address and keys stay."""
    row = changes.stop(db, actor, deployment_id)
    publisher.soon(db)
    return _shown(db, row, settings, actor)


@router.post("/deployments/{deployment_id}/start", status_code=202)
def start(deployment_id: uuid.UUID, db: Db, actor: Deployer, settings: Configured) -> DeploymentOut:
    """Bring a stopped or failed deployment back."""
    return _shown(db, changes.start(db, actor, deployment_id), settings, actor)


@router.delete("/deployments/{deployment_id}", status_code=204)
def delete_deployment(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Deployer,
    publisher: Publishing,
    observers: Annotated[list[DeploymentObserver], every(DeploymentObserver)],
) -> None:
    """Delete a stopped or failed deployment with its keys, predictions and statistics."""
    changes.remove(db, actor, deployment_id, observers)
    publisher.soon(db)


@router.get("/deployments/{deployment_id}/logs")
def get_logs(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Reader,
    compute: Annotated[ComputeDriver, provided(ComputeDriver)],
    tail: Annotated[int, Query(ge=1, le=2000)] = 200,
) -> LogsOut:
    """Give the last lines of the live revision's server, or of the newest one's."""
    deployment = service.get(db, actor, deployment_id)
    number = deployment.live_number or deployment.last_number
    revision = service.revision_of(db, deployment, number)
    lines = compute.log_lines(revision.server_key, tail) or revision.log_tail[-tail:]
    return LogsOut(lines=lines)
