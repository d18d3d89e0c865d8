"""Sample projects over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import catalogue, service
from .models import InstalledSample
from .schemas import ReplayRequest, SampleInstall, SampleOut

router = APIRouter(prefix="/api/v1", tags=["samples"])
routers = [router]

Reader = Annotated[Actor, allowed(Permission.signed_in)]
Keeper = Annotated[Actor, allowed(Permission.samples_manage)]


@router.get("/samples")
def list_samples(db: Db, actor: Reader) -> list[SampleOut]:  # noqa: ARG001
    """List sample projects with how far each is in this workspace."""
    found = service.installed(db)
    return [_out(known, found.get(known.key)) for known in catalogue.SAMPLES]


@router.get("/samples/{key}")
def get_sample(key: str, db: Db, actor: Reader) -> SampleOut:  # noqa: ARG001
    """Give one sample project."""
    return _out(catalogue.sample(key), service.find(db, key))


@router.post("/samples/{key}", status_code=202)
def install_sample(key: str, db: Db, actor: Keeper) -> SampleInstall:
    """Train, register, deploy, send traffic and compare, step by step in the background."""
    return _install(service.install(db, actor, key))


@router.post("/samples/{key}/replay", status_code=202)
def replay_sample(key: str, body: ReplayRequest, db: Db, actor: Keeper) -> SampleInstall:
    """Send more traffic, shifted if asked."""
    return _install(service.replay(db, actor, key, drift=body.drift, rows=body.rows))


@router.delete("/samples/{key}", status_code=202)
def remove_sample(key: str, db: Db, actor: Keeper) -> None:
    """Remove a sample with its run, model, deployment and data, in the background."""
    service.remove(db, actor, key)


def _out(known: catalogue.Sample, row: InstalledSample | None) -> SampleOut:
    return SampleOut(
        key=known.key,
        title=known.title,
        summary=known.summary,
        source=known.source,
        licence=known.licence,
        caution=known.caution,
        install=None if row is None else _install(row),
    )


def _install(row: InstalledSample) -> SampleInstall:
    return SampleInstall.model_validate(row, from_attributes=True)
