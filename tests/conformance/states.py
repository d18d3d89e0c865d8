"""States that time and background work bring about, set directly."""

import io
import uuid
from dataclasses import replace
from functools import partial

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_protocol import bundle
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.batches import service as batches
from modelyard_server.batches.models import BatchStatus
from modelyard_server.deployments.models import Deployment, Revision
from modelyard_server.deployments.ports import ComputeDriver
from modelyard_server.kernel.clock import utcnow
from modelyard_server.monitoring import segments
from modelyard_server.monitoring.models import CaptureSegment
from modelyard_server.registry.models import ModelVersion, ScanVerdict
from modelyard_server.registry.reading import content_digest
from modelyard_server.samples.models import InstalledSample
from tests.make.registry import a_package

from .seeds import PROXY, Ids, World
from .seeds_batches import a_route


def imported(world: World) -> None:
    """The version came in a bundle."""
    made = {"name": "churn", "version": 7, "created_at": "", "created_by": "", "run_id": None}
    made |= {"signed_by": None, "manifest_sha256": "0" * 64, "imported_by": world.canary}
    made |= {"imported_at": utcnow().isoformat(), "lineage": {}, "environment_lock": None}
    model = uuid.UUID(world["models/model_id"])
    with world.platform.database.session(world.space.id) as db:
        row = db.scalars(select(ModelVersion).where(ModelVersion.model_id == model)).first()
        row.origin = made


def a_bundle(ids: Ids) -> bytes:
    """A version from elsewhere, as one file."""
    files = {bundle.FILES + path: content for path, content in a_package().items()}
    facts = {"name": f"arrived-{uuid.uuid4().hex[:8]}", "version": {"number": 1}}
    documents = {bundle.MODEL: bundle.as_bytes(facts), bundle.INTERFACE: b"{}"}
    documents[bundle.LINEAGE] = b"{}"
    members = [bundle.member_of(path, content) for path, content in files.items()]
    digest = content_digest([replace(m, path=m.path.removeprefix(bundle.FILES)) for m in members])
    manifest = bundle.Manifest(
        facts["name"], 1, digest, bundle.joined_documents(documents, members)
    )
    opens = {path: partial(io.BytesIO, content) for path, content in files.items()}
    return b"".join(bundle.written(manifest, None, documents, opens))


def an_older_revision_served(world: World) -> None:
    """Two revisions were live, one after the other."""
    path = f"/api/v1/deployments/{world['deployment_id']}/revisions"
    config = {"engine": "python", "cpu": 1.0, "memory_gb": 1.0}
    world.post(path, {"use_auto_config": False, "config": config})
    with world.platform.database.session(world.space.id) as db:
        deployment = db.scalars(_own(world)).one()
        rows = select(Revision).where(Revision.deployment_id == deployment.id)
        for row in db.scalars(rows.order_by(Revision.number)):
            row.status, row.live_from = "ready", utcnow()
        deployment.status, deployment.live_number = "ready", deployment.last_number


def a_canary(world: World) -> None:
    """Revision 1 is live and revision 2 gets a tenth of the traffic."""
    path = f"/api/v1/deployments/{world['deployment_id']}/revisions"
    world.post(path, {"use_auto_config": True})
    with world.platform.database.session(world.space.id) as db:
        deployment = db.scalars(_own(world)).one()
        rows = select(Revision).where(Revision.deployment_id == deployment.id)
        for row in db.scalars(rows):
            row.status = "ready" if row.number == 1 else "shifting"
            row.live_from, row.has_server = utcnow(), True
        deployment.status, deployment.live_number = "ready", 1
        deployment.candidate_number, deployment.candidate_weight = 2, 10


def a_shadow(world: World) -> None:
    """Revision 1 is live and revision 2 gets copies of a fifth of its calls."""
    a_canary(world)
    with world.platform.database.session(world.space.id) as db:
        deployment = db.scalars(_own(world)).one()
        deployment.candidate_weight, deployment.shadow_percent = 0, 20


def live_and_proven(world: World) -> None:
    """The deployment's first revision is live and has reproduced its stored prediction."""
    _ = world["deployment_id"]
    with world.platform.database.session(world.space.id) as db:
        deployment = db.scalars(_own(world)).one()
        deployment.status, deployment.live_number = "ready", 1
        for row in db.scalars(select(Revision).where(Revision.deployment_id == deployment.id)):
            row.status, row.live_from, row.proof = "ready", utcnow(), "digest/lock/sklearn"


def stopped(world: World) -> None:
    """The deployment was stopped."""
    _ = world["deployment_id"]
    with world.platform.database.session(world.space.id) as db:
        deployment = db.scalars(_own(world)).one()
        deployment.status, deployment.live_number = "stopped", None
        for row in db.scalars(select(Revision).where(Revision.deployment_id == deployment.id)):
            row.status = "stopped"


def rows_captured(world: World) -> None:
    """A segment of rows was kept."""
    table = pa.table({"prediction_id": ["p-1"], "row": [0], "at": [utcnow()], "in.x": [1.0]})
    with world.platform.database.session(world.space.id) as db:
        _keep(world, db, table)


def _keep(world: World, db: Session, table: pa.Table) -> None:
    deployment_id = uuid.UUID(world["deployment_id"])
    blobs = world.platform.services.get(BlobStore)
    blob = blobs.receive(world.space.id, [segments.write(table)])
    path = f"captures/{deployment_id}/{uuid.uuid4()}.parquet"
    artifacts.attach(db, blobs, path, blob)
    facts = {"rows": 1, "size_bytes": blob.size_bytes, "created_at": utcnow()}
    span = {"first_at": utcnow(), "last_at": utcnow()}
    db.add(CaptureSegment(deployment_id=deployment_id, path=path, **span, **facts))
    db.flush()


def reference_uploaded(world: World) -> None:
    """Labelled rows were uploaded."""
    lines = "".join(f"{n % 100 / 100},{int(n % 100 > n * 7 % 100)}\n" for n in range(400))
    answer = world.http.put(
        f"/api/v1/deployments/{world['deployment_id']}/reference",
        content=("score,actual\n" + lines).encode(),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.is_success, answer.text


def estimable(world: World) -> None:
    """Rows with scores were kept, and a reference was uploaded."""
    reference_uploaded(world)
    deployment_id = uuid.UUID(world["deployment_id"])
    facts = {"prediction_id": "p-1", "row": 0, "at": utcnow(), "status": 200, "weight": 1.0}
    with world.platform.database.session(world.space.id) as db:
        facts["version"] = db.scalars(
            select(Revision.version).where(Revision.deployment_id == deployment_id)
        ).first()
        rows = pa.table(
            {name: [value] for name, value in (facts | {"out.prediction": 0.7}).items()}
        )
        _keep(world, db, rows)


def reported(world: World) -> None:
    """The deployment is one that is served elsewhere."""
    _ = world["deployment_id"]
    with world.platform.database.session(world.space.id) as db:
        db.scalars(_own(world)).one().kind = "reported"


def sample_ready(world: World) -> None:
    """The sample project is installed."""
    world.post(f"/api/v1/samples/{world['samples/key']}", {})
    with world.platform.database.session(world.space.id) as db:
        db.scalars(select(InstalledSample)).one().status = "ready"


def suspicious(world: World) -> None:
    """The scan of the model's version found something to look at."""
    _ = world["models/model_id"]
    with world.platform.database.session(world.space.id) as db:
        digest = db.scalars(select(ModelVersion.digest)).first()
        if db.scalar(select(ScanVerdict).where(ScanVerdict.digest == digest)) is None:
            finding = {"level": "suspicious", "path": "model.pkl", "says": "It imports x.y."}
            db.add(
                ScanVerdict(
                    digest=digest,
                    verdict="suspicious",
                    reasons=[finding],
                    scanner=1,
                    scanned_at=utcnow(),
                )
            )


def released(world: World) -> None:
    """An admin has released it."""
    suspicious(world)
    path = f"/api/v1/models/{world['models/model_id']}/versions/1/scan/release"
    world.post(path, {"reason": "Looked at by two people."})


def _own(world: World):
    return select(Deployment).where(Deployment.id == uuid.UUID(world["deployment_id"]))


def another_workspace(world: World) -> None:
    """The organisation has a second workspace, so that it may lose this one."""
    world.post("/api/v1/workspaces", {"name": "Another team"})


def live_and_published(world: World) -> None:
    """The deployment is live, and the node was told."""
    compute: ComputeDriver = world.platform.services.get(ComputeDriver)
    route, before = a_route(world), compute.desired()
    routes, generation = (*before.routes, route), before.generation + 1
    compute.apply(before.model_copy(update={"routes": routes, "generation": generation}))


def rows_logged(world: World) -> None:
    """The run logged a table, and the deployment is live."""
    live_and_published(world)
    _ = world["run_id"]
    path = f"{PROXY}/{world.kept['run folder']}/rows.csv"
    assert world.http.put(path, content=b"x\n1\n").is_success


def batch_waits(world: World) -> None:
    """The batch has not begun."""
    batch_id = uuid.UUID(world["batch_id"])
    with world.platform.database.session(world.space.id) as db:
        row = batches.get(db, batch_id)
        row.status, row.ended_at = BatchStatus.waiting, None


def source_body(ids: Ids) -> dict[str, object]:
    """A data connection of outcomes, to an address nobody has."""
    place = {"kind": "https", "url": f"https://labels.example.com/{ids['deployment_id']}.csv"}
    return {"place": place, "columns": {}}


def source_connected(world: World) -> None:
    """The deployment has a data connection of outcomes."""
    path = f"/api/v1/deployments/{world['deployment_id']}/outcome-source"
    answer = world.http.put(path, json=source_body(world))
    assert answer.is_success, answer.text
