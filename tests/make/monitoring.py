"""Deployments with traffic, as the node's journal tells it."""

import itertools
import json
import random
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import (
    Prediction,
    Single,
    Skin,
    Source,
    Traffic,
    frame,
    latency_bucket,
)
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments.models import Deployment, Revision
from modelyard_server.kernel import jobs
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.jobs import Job
from modelyard_server.monitoring import entity_history, recall, retention, upkeep
from modelyard_server.monitoring.ingest import Ingester
from modelyard_server.monitoring.ports import Catalogue
from modelyard_server.monitoring.segmenter import Segmenter
from modelyard_server.registry.models import Model, ModelVersion
from modelyard_server.tracking import runs
from modelyard_server.workspaces.access import System

from .fixtures import Platform, TeamSpace

_numbers = itertools.count(1)
AGE_AND_CITY = Signature(
    inputs=(
        Column(name="age", dtype=DType.double),
        Column(name="city", dtype=DType.string, required=False),
    ),
    outputs=(Column(name="prediction", dtype=DType.long),),
)


@dataclass(frozen=True)
class Watched:
    """A deployment whose records go to a journal of its own folder."""

    workspace: TeamSpace
    id: uuid.UUID
    folder: Path

    def prediction(self, rows: list[dict[str, Any]], **changed: Any) -> Prediction:
        """Give the record of one call, as the gateway writes it."""
        answer = {"predictions": [int(row.get("age") or 0) % 2 for row in rows]}
        facts: dict[str, Any] = {
            "id": f"p-{next(_numbers)}",
            "at_us": time.time_ns() // 1000,
            "workspace_id": self.workspace.id,
            "deployment_id": str(self.id),
            "revision": 1,
            "version": 1,
            "key_id": None,
            "skin": Skin.predict,
            "source": Source.live,
            "status": 200,
            "total_us": 2500,
            "model_us": 900,
            "content_type": "application/json",
            "request": json.dumps({"rows": rows}),
            "response": json.dumps(answer),
            "request_bytes": 10,
            "response_bytes": 10,
            "weight": 1.0,
        }
        return Prediction.model_validate(facts | changed)

    def traffic(
        self, by_status: dict[str, int], latency_us: float = 2500, **changed: Any
    ) -> Traffic:
        """Give the record of one second."""
        calls = sum(by_status.values())
        facts: dict[str, Any] = {
            "workspace_id": self.workspace.id,
            "deployment_id": str(self.id),
            "revision": 1,
            "version": 1,
            "at": int(time.time()),
            "requests": calls,
            "by_status": by_status,
            "latency_us": {latency_bucket(latency_us): calls},
        }
        return Traffic.model_validate(facts | changed)

    def calls(self, rows: list[dict[str, Any]]) -> list[Prediction | Traffic]:
        """Give a record per row and the second they were in."""
        return [*(self.prediction([row]) for row in rows), self.traffic({"200": len(rows)})]

    def get(self, path: str, role: str = "developer", **params: Any) -> Any:
        """Read a route below this deployment."""
        answer = self.workspace.client(role).get(
            f"/api/v1/deployments/{self.id}/{path}", params=params
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


def write(file: Path, records: Iterable[Single]) -> Path:
    """Append records to a journal file, as the node does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as stream:
        for record in records:
            stream.write(frame(record.model_dump_json().encode()))
    return file


def journal_of(folder: Path) -> Path:
    return folder / f"{uuid.uuid4().hex}-000001.journal"


def an_ingester(platform: Platform, folder: Path) -> Ingester:
    """Give what the background thread runs; a new one knows only what is in the database."""
    return Ingester(
        platform.database, platform.services.get(Catalogue), folder, capture_key(platform)
    )


def capture_key(platform: Platform) -> bytes:
    """Give the key that hashes kept values."""
    return platform.services.get(RootKey).derive("capture")


def cut(watched: Watched) -> int:
    """Do what the background thread does: cut every waiting row into segments."""
    platform = watched.workspace.platform
    segmenter = Segmenter(
        platform.database,
        platform.services.get(Catalogue),
        platform.services.get(BlobStore),
        watched.folder,
        capture_key(platform),
    )
    return segmenter.run_once(all_now=True)


def ingest(watched: Watched, records: Iterable[Single]) -> int:
    """Write records to a journal and apply it."""
    write(journal_of(watched.folder), records)
    return an_ingester(watched.workspace.platform, watched.folder).run_once()


def rows(
    count: int, *, age: float = 40.0, city: str = "Bern", seed: int = 1
) -> list[dict[str, Any]]:
    """Draw people: ages around a mean, three cities of which one is usual."""
    generator = random.Random(seed)
    cities = [city, city, "Basel", "Genf"]
    return [
        {"age": generator.gauss(age, 10), "city": generator.choice(cities)} for _ in range(count)
    ]


def a_watched_deployment(
    workspace: TeamSpace,
    folder: Path,
    *,
    signature: Signature = AGE_AND_CITY,
    model_id: uuid.UUID | None = None,
    status: str = "ready",
) -> Watched:
    """Make a deployment with one live revision of version 1, without a node."""
    model_id = model_id or uuid.uuid4()
    with workspace.platform.database.session(workspace.id) as db:
        deployment = Deployment(
            environment="staging",
            name=f"model-{next(_numbers)}",
            model_id=model_id,
            model_name="model",
            status=status,
            last_number=1,
            live_number=1,
            created_at=utcnow(),
            updated_at=utcnow(),
            created_by_name="Pat",
        )
        db.add(deployment)
        db.flush()
        db.add(_revision(deployment.id, model_id, signature))
        return Watched(workspace, deployment.id, folder)


def _revision(deployment_id: uuid.UUID, model_id: uuid.UUID, signature: Signature) -> Revision:
    return Revision(
        deployment_id=deployment_id,
        number=1,
        model_id=model_id,
        model_name="model",
        version=1,
        engine="sklearn",
        cpu=1.0,
        memory_gb=1.0,
        signature=signature.model_dump(mode="json"),
        status="ready",
        steps=[],
        differences=[],
        log_tail=[],
        created_at=utcnow(),
        created_by_name="Pat",
        live_from=utcnow(),
    )


def a_trained_version(
    workspace: TeamSpace,
    files: dict[str, bytes],
    *,
    signature: Signature = AGE_AND_CITY,
    tags: dict[str, str] | None = None,
) -> uuid.UUID:
    """Make version 1 of a model, registered from a run that logged files; give the model's id."""
    services, actor = workspace.platform.services, System(workspace.id)
    with workspace.platform.database.session(workspace.id) as db:
        run = runs.create(db, actor, runs.NewRun("0", "training", None, tags or {}))
        for path, content in files.items():
            place = f"runs/{run.uid}/{path}"
            artifacts.store(db, services.get(BlobStore), place, content)  # type: ignore[type-abstract]
        made = {"created_at": utcnow(), "updated_at": utcnow(), "created_by_name": "Pat"}
        model = Model(name=f"model-{next(_numbers)}", last_number=1, **made)
        db.add(model)
        db.flush()
        db.add(
            ModelVersion(
                model_id=model.id,
                number=1,
                status="READY",
                source="models:/m-1",
                run_id=run.uid,
                signature=signature.model_dump(mode="json"),
                **made,
            )
        )
        return model.id


def a_table(people: list[dict[str, Any]]) -> bytes:
    """Write rows as `mlflow.log_table` does, with the model's answers."""
    data = [[row["age"], row["city"], int(row["age"]) % 2] for row in people]
    return json.dumps({"columns": ["age", "city", "prediction"], "data": data}).encode()


def tidy(watched: Watched) -> None:
    """Do what the background thread does once a minute, in this workspace alone."""
    platform = watched.workspace.platform
    gone = upkeep.delete_applied(platform.database, watched.folder)
    catalogue = platform.services.get(Catalogue)
    blobs = platform.services.get(BlobStore)
    upkeep.tidy_one(platform.database, catalogue, blobs, watched.workspace.id, gone)


def recall_predictions(watched: Watched) -> int:
    """Do the waiting jobs that look for predictions among kept rows; give how many there were."""
    return _work_off(watched, recall.RECALL)


def index_entities(watched: Watched) -> int:
    """Do the waiting jobs that read from kept rows whom they are about."""
    return _work_off(watched, entity_history.INDEX)


def _work_off(watched: Watched, kind: str) -> int:
    platform = watched.workspace.platform
    with platform.database.platform_session() as db:
        own = (Job.kind == kind) & (Job.owner_workspace_id == watched.workspace.id)
        waiting = [(job.id, job.payload) for job in db.scalars(select(Job).where(own))]
        db.execute(delete(Job).where(own))
    for identifier, payload in waiting:
        context = jobs.JobContext(
            id=identifier,
            kind=kind,
            workspace_id=watched.workspace.id,
            payload=payload,
            attempt=1,
            is_last_attempt=True,
            database=platform.database,
            services=platform.services,
            token=1,
        )
        jobs._handlers[kind](context)
    return len(waiting)


def forget(watched: Watched) -> None:
    """Do what the deletion of its deployment does."""
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        retention.remove(db, watched.id)
